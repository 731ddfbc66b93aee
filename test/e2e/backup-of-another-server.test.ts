import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Manifest, readManifest, type ServerIdentity, writeManifest } from '../../src/backup/file/manifest.ts';
import { backupListCommand } from '../../src/commands/backup/list.ts';
import { restoreTablesCommand } from '../../src/commands/restore/tables.ts';
import { restoreCommand } from '../../src/commands/restore.ts';
import type { StampedEvent } from '../../src/run/events.ts';
import { answering, invoke } from '../commands/invoke.ts';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, lastOf } from './production.ts';

const STAGING: Partial<ServerIdentity> = { uuid: '11111111-2222-3333-4444-555555555555', host: 'staging' };

describeOnServers('a backup of another server in the same folder', (server) => {
  test('is not the latest, is told, and is asked about when it is named', async () => {
    const production = await createProduction(server());
    production.configure({ backup: { dir: 'backups', minFree: '1MB', verify: 'checksum' } });
    await production.sql('CREATE TABLE firms (id INT PRIMARY KEY); INSERT INTO firms VALUES (1)');
    const own = String(lastOf(await production.run('backup', 'create', '--json')).backup);
    const manifest = await readManifest(own);
    expect(manifest.server.uuid).toMatch(server().kind === 'mysql' ? /^[0-9a-f-]{36}$/ : /^\S{28}$/);
    expect(manifest.server.place).toMatch(/^[0-9a-f]{64}$/);
    const staged: Manifest = { ...manifest, server: { ...manifest.server, ...STAGING } };
    const given = { cwd: production.dir, env: production.env };
    const label = server().kind === 'mysql' ? 'MySQL' : 'MariaDB';
    const who = `${label} ${server().version} on staging, id ${STAGING.uuid}`;

    async function restore(options: { backup: string; table?: boolean }, answer = 'no') {
      const asked: string[] = [];
      const { invocation, events } = invoke({ ...given, prompt: answering([answer], asked) });
      const flags = { ...invocation, flags: { ...invocation.flags, yes: false } };
      const code = options.table
        ? await restoreTablesCommand(
            { backup: options.backup, tables: ['firms'], inPlace: false, maintenance: true },
            flags,
          )
        : await restoreCommand(
            { ...options, services: true, inPlace: false, maintenance: true, onConflict: 'stop' },
            flags,
          );
      return { code, question: asked.at(-1), of: rowOf(events, 'Of'), last: events.at(-1) };
    }

    const mine = await restore({ backup: 'latest' });
    expect(mine).toMatchObject({ code: 6, question: 'Replace PRODUCTION by this backup?' });
    expect(mine.of).toMatch(new RegExp(`^${production.database} of ${label} ${server().version} on `));

    await writeManifest(own, staged);
    const listed = invoke(given);
    expect(await backupListCommand(listed.invocation)).toBe(0);
    expect(listed.printed[0]).toContain(`  of ${production.database} on another server (${who})`);
    expect(listed.objects[0]).toMatchObject({ backups: [{ isOfThisDatabase: false }] });
    expect((await restore({ backup: 'latest' })).last).toMatchObject({
      exitCode: 2,
      error: {
        what: `no backup in ${join(production.dir, 'backups')} is of this server: the newest, ${own}, is of ${production.database} of ${who}`,
        state: 'production is as it was before',
        next: `gateway-migrate restore --backup ${own}, if that is what you want`,
      },
    });
    expect(await restore({ backup: own })).toMatchObject({
      code: 6,
      question: `This backup is of ${production.database} on another server (${who}). Replace PRODUCTION by it?`,
      of: `${production.database} of ${who}`,
    });
    expect(await restore({ backup: own, table: true })).toMatchObject({
      code: 6,
      question: `This backup is of ${production.database} on another server (${who}). Load these tables into PRODUCTION?`,
    });

    await writeManifest(own, { ...manifest, database: 'blog' });
    expect(await restore({ backup: own })).toMatchObject({
      question: 'This backup is of another database of this server, blog. Replace PRODUCTION by it?',
    });
    production.remove();
  }, 120_000);
});

function rowOf(events: readonly StampedEvent[], label: string): string | undefined {
  const summary = events.find((event) => event.type === 'summary');
  return summary?.type === 'summary' ? summary.rows.find(([name]) => name === label)?.[1] : undefined;
}
