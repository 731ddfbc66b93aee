import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { initCommand } from '../../src/commands/init.ts';
import { loadConfig } from '../../src/config/load.ts';
import { unattendedPrompt } from '../../src/terminal/prompt.ts';
import { makeFolder } from '../config/folder.ts';
import { answering, invoke } from './invoke.ts';

const YAML = 'gateway-migrate.config.yaml';
const SCHEMA = fileURLToPath(new URL('../../gateway-migrate.schema.json', import.meta.url));
const DOTENV = `APP_URL=https://api.example.com
DB_HOST=10.0.0.5
DB_DATABASE=gateway-db
DB_USERNAME=gateway
DB_PASSWORD="hunter2 #\\$"
`;

describe('init', () => {
  it('takes all answers from a Laravel application with --yes, and writes no password', async () => {
    const cwd = makeFolder({ artisan: '', '.env': DOTENV });
    const { invocation, printed, objects } = invoke({ cwd, prompt: unattendedPrompt(true) });
    expect(await initCommand({}, invocation)).toBe(0);
    expect(readFileSync(join(cwd, YAML), 'utf8')).toBe(`# yaml-language-server: $schema=${SCHEMA}
# Every key, its meaning and its default: docs/configuration.md of gateway-migrate.

database:
  host: "10.0.0.5"
  port: 3306
  name: gateway-db
  user: gateway
  password: \${DB_PASSWORD}     # from the environment or the .env of the application

rehearsal:
  database: gateway-db_rehearsal  # made and dropped by every rehearsal

migrations:
  dir: migrations

app:
  dir: ${cwd}
  maintenance: laravel
  caches: laravel
  health: { url: "https://api.example.com" }

backup:
  dir: /var/backups/mysql
  keep: { last: 10, days: 30 }

verify:
  requireTables: []            # tables that must exist before a deploy begins
  # tenant: { table: companies, column: company_id, onDelete: CASCADE }
`);
    expect(statSync(join(cwd, YAML)).mode & 0o777).toBe(0o600);
    expect(printed).toEqual([`Written: ${join(cwd, YAML)}`, 'Next: gateway-migrate doctor']);
    expect(objects).toMatchObject([{ type: 'file.written', path: join(cwd, YAML) }]);
    const config = await loadConfig({ cwd, env: {} });
    expect(config.database.password?.reveal()).toBe('hunter2 #$');
  });

  it('asks for everything where there is no application', async () => {
    const cwd = makeFolder();
    const asked: string[] = [];
    const answers = ['yes', '/run/my sql.sock', "o'${x}", undefined, '/backups'];
    const { invocation } = invoke({ cwd, prompt: answering(answers, asked) });
    expect(await initCommand({}, invocation)).toBe(0);
    expect(asked).toEqual([
      'Name of the production database:',
      'Its server (host:port, or the path of a socket): [127.0.0.1:3306]',
      'User of the database:',
      'Folder of the application, or none: [none]',
      'Folder for backups: [/var/backups/mysql]',
    ]);
    expect(await loadConfig({ cwd, env: {} })).toMatchObject({
      database: { socket: '/run/my sql.sock', database: 'yes', user: "o'${x}" },
      app: { dir: undefined, maintenance: 'none' },
      backup: { dir: '/backups' },
    });
  });

  it('reads the application that --app names', async () => {
    const cwd = makeFolder({ 'site/artisan': '', 'site/.env': DOTENV });
    const { invocation } = invoke({ cwd, prompt: unattendedPrompt(true) });
    expect(await initCommand({ app: 'site' }, invocation)).toBe(0);
    expect((await loadConfig({ cwd, env: {} })).app.dir).toBe(join(cwd, 'site'));
  });

  it('keeps an existing file unless the answer is yes', async () => {
    const cwd = makeFolder({ [YAML]: 'mine', '.env': DOTENV });
    const asked: string[] = [];
    expect(await initCommand({}, invoke({ cwd, prompt: answering(['no'], asked) }).invocation)).toBe(6);
    expect(asked).toEqual([`${join(cwd, YAML)} exists. Replace it?`]);
    expect(readFileSync(join(cwd, YAML), 'utf8')).toBe('mine');
    expect(await initCommand({}, invoke({ cwd, prompt: answering(['yes']) }).invocation)).toBe(0);
    expect((await loadConfig({ cwd, env: {} })).database.database).toBe('gateway-db');
  });

  it('refuses a second file in the folder', async () => {
    const cwd = makeFolder({ 'gateway-migrate.config.json': '{}' });
    const { invocation, events } = invoke({ cwd, prompt: unattendedPrompt(true) });
    expect(await initCommand({}, invocation)).toBe(5);
    expect(events.at(-1)).toMatchObject({
      error: {
        what: `${join(cwd, 'gateway-migrate.config.json')} is there already, and a folder may hold one configuration file only`,
        next: 'gateway-migrate doctor',
      },
    });
  });

  it('refuses without a terminal and without --yes', async () => {
    const { invocation, events } = invoke({ cwd: makeFolder({ '.env': DOTENV }) });
    expect(await initCommand({}, invocation)).toBe(5);
    expect(events.at(-1)).toMatchObject({
      result: 'refused',
      error: {
        what: 'there is no terminal to ask "Name of the production database:", and --yes was not given',
        next: 'run the command again with --yes',
      },
    });
  });
});
