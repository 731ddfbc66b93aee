import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { initCommand } from '../../src/commands/init.ts';
import { connect } from '../../src/mysql/connect.ts';
import { readHistory } from '../../src/statements/history.ts';
import { filesOf, LEFT, PRODUCTION } from '../preflight/foreign/histories.ts';
import { temporaryFolder } from '../support/folder.ts';
import { describeOnServers } from '../support/servers.ts';
import { answering, invoke } from './invoke.ts';

describeOnServers('init in the folder of another tool', (server) => {
  test.each([
    ['yes', ['1', '2']],
    ['no', []],
  ] as const)('asks whether its history is taken over: %s', async (answer, noted) => {
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, 'db/migrations'), { recursive: true });
    for (const [name, text] of Object.entries(filesOf('golang-migrate'))) {
      writeFileSync(join(cwd, 'db/migrations', name), text);
    }
    const database = await server().createDatabase('found');
    await server().sql(`${PRODUCTION}; ${LEFT['golang-migrate']?.sql}`, database);
    const asked: string[] = [];
    const answers = [database, server().socket, 'root', 'none', join(cwd, 'backups'), answer, 'yes'];
    const { invocation, printed } = invoke({ cwd, prompt: answering(answers, asked) });
    expect(await initCommand({}, invocation)).toBe(0);
    expect(readFileSync(join(cwd, 'gateway-migrate.config.yaml'), 'utf8')).toContain('dir: db/migrations');
    expect(asked.slice(5)).toEqual(
      ['Take the history of golang-migrate over?', 'Note 2 migrations as applied?'].slice(0, noted.length || 1),
    );
    expect(printed.includes('Later: gateway-migrate baseline --from golang-migrate')).toBe(noted.length === 0);
    const session = await (await connect(server().target(database))).open();
    const history = await readHistory(session, { withText: false }).finally(() => session.close());
    expect(history.map(({ version }) => version)).toEqual(noted);
  });
});
