import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { allKeys } from '../../src/config/keys.ts';
import { loadConfig } from '../../src/config/load.ts';
import { makeFolder } from './folder.ts';

const text = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

it('documents every key', () => {
  const isNamed = (path: readonly string[]) => {
    const [first = '', ...rest] = path;
    const chapter = text.split('\n### ').find((part) => part.split('\n')[0]?.includes(`\`${first}\``));
    return chapter?.includes(rest.length === 0 ? '\n' : `${rest.join('.')}\``) ?? false;
  };
  const inner = ['database.tls.ca', 'rehearsal.tls.ca', 'app.maintenance.enter', 'app.maintenance.leave'];
  const told = [...inner, 'app.maintenance.check', 'app.health', 'backup.keep', 'verify.tenant', 'monitor.thresholds'];
  const missing = allKeys().filter(({ path }) => !isNamed(path) && !told.includes(path.join('.')));
  expect(missing.map(({ path }) => path.join('.'))).toEqual([]);
  expect(allKeys().length).toBeGreaterThan(50);
});

const examples = [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = '']) => yaml);

it.each(examples)('has an example that works: %s', async (yaml) => {
  const env = {
    GATEWAY_MIGRATE_PASSWORD: 'x',
    STAGING_PASSWORD: 'x',
    SLACK_WEBHOOK: 'https://hooks.example.com/x',
    DB_DATABASE: 'shop',
    DB_USERNAME: 'deploy',
  };
  const cwd = makeFolder({ 'gateway-migrate.config.yaml': yaml });
  expect(await loadConfig({ cwd, env })).toMatchObject({ database: { database: 'shop', user: 'deploy' } });
});

it('says every problem at once as the page shows it', async () => {
  const shown = /```\n(the configuration has 3 problems\n.*?)\n```/s.exec(text)?.[1];
  const yaml = [
    'databse: shop',
    ...Array.from({ length: 10 }, () => '#'),
    'database: { name: shop, user: deploy, password: x }',
    'notify:',
    "  - { type: slack, url: '${SLACK_WEBHOOK}' }",
    'backup:',
    '  keep:',
    '    last: ten',
  ].join('\n');
  const cwd = makeFolder({ 'gateway-migrate.config.yaml': yaml });
  const problems = await loadConfig({ cwd, env: {} }).catch((error: Error) => error.message);
  expect(String(problems).replaceAll(cwd, '/var/www/site')).toBe(shown);
});

it('finds what the page about Laravel leaves out in the application', async () => {
  const page = readFileSync(new URL('../../docs/laravel.md', import.meta.url), 'utf8');
  const app = makeFolder({ artisan: '', '.env': 'DB_DATABASE=shop\nDB_USERNAME=deploy\nDB_PASSWORD=x\n' });
  const yaml = /```yaml\n(.*?)```/s.exec(page)?.[1]?.replace('/var/www/api-gateway', app);
  const cwd = makeFolder({ 'gateway-migrate.config.yaml': yaml ?? '' });
  expect(await loadConfig({ cwd, env: {} })).toMatchObject({
    database: { database: 'shop', user: 'deploy' },
    migrations: { engine: 'artisan' },
    rehearsal: 'private',
  });
});
