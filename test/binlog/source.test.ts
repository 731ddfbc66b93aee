import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Manifest } from '../../src/backup/file/manifest.ts';
import { copyLogs } from '../../src/binlog/copy.ts';
import type { LogPosition } from '../../src/binlog/range.ts';
import { fetchLog, findLog } from '../../src/binlog/source.ts';
import { connect } from '../../src/mysql/connect.ts';
import { isoWithOffset } from '../../src/system/clock.ts';
import { clientsOf, contextFor } from '../backup/support.ts';
import { describeOnServers, startServer, type TestServer } from '../support/servers.ts';
import { endOfLog, withRoot } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'gm-source-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Place extends LogPosition {
  readonly gtid: string | null;
}

async function find(server: TestServer, position: Place | null, uuid?: string, positionReason: string | null = null) {
  const root = await connect(server.target('mysql'));
  return withRoot(server, 'mysql', async (session) => {
    const [row] = root.flavor.kind === 'mysql' ? await session.query('SELECT @@server_uuid AS uuid') : [];
    const source = { uuid: uuid ?? String(row?.uuid) } as Manifest['server'];
    return findLog({ position, positionReason, server: source, finishedAt: '' }, root, session);
  });
}

describeOnServers(
  "the server's log since a backup",
  (server) => {
    test('is refused when it does not go on where the backup ends', async () => {
      const end = { ...(await endOfLog(server())), gtid: null };
      expect(await find(server(), end)).toMatchObject({ from: { file: end.file, position: end.position } });
      expect(await find(server(), null, undefined, 'the account lacks RELOAD')).toEqual({
        problem: 'the backup does not know its place in the log: the account lacks RELOAD',
      });
      expect(await find(server(), { ...end, file: 'binlog.000900' })).toEqual({
        problem: 'the server has removed binlog.000900, which the backup ends in',
      });
      const beyond = end.position + 1_000_000;
      expect(await find(server(), { ...end, position: beyond })).toEqual({
        problem: `${end.file} ends before ${end.file}:${beyond}: the log was begun anew`,
      });
      if (server().kind === 'mysql') {
        expect(await find(server(), end, 'another')).toEqual({
          problem: 'the backup is from another server, whose log this one does not have',
        });
      } else {
        await server().sql('CREATE DATABASE one_transaction');
        const now = await endOfLog(server());
        expect(await find(server(), { ...now, gtid: '7-7-7' })).toEqual({
          problem: `the log has another transaction at ${now.file}:${now.position} than when the backup was taken`,
        });
      }
    });

    test('is refused when it is off', async () => {
      const off = await startServer(server().kind, { binlog: false });
      try {
        const somewhere = { file: 'binlog.000001', position: 4, gtid: null };
        expect(await find(off, somewhere)).toEqual({ problem: 'the server writes no binary log (log_bin is OFF)' });
      } finally {
        await off.stop();
      }
    });

    test('is copied to its end or not at all', async () => {
      const context = await contextFor(server().target('mysql'));
      const clients = await clientsOf(server());
      const from = await endOfLog(server());
      const request = { from, folder, clients, stepId: 'copy', logs: [{ name: from.file, bytes: from.position }] };
      const silent = join(folder, 'silent');
      writeFileSync(silent, '#!/bin/sh\nexit 0\n');
      chmodSync(silent, 0o700);
      await expect(copyLogs({ ...request, program: silent }, context)).rejects.toThrow(
        `of ${from.file} the server sent 0 bytes of ${from.position}`,
      );
      const failing = join(folder, 'failing');
      writeFileSync(failing, '#!/bin/sh\necho the network is gone >&2\nexit 1\n');
      chmodSync(failing, 0o700);
      await expect(copyLogs({ ...request, program: failing }, context)).rejects.toThrow(
        new RegExp(`^${from.file} could not be read: .* exited with 1: the network is gone$`),
      );
      const source = { from, logs: request.logs };
      const asked = { source, folder: join(folder, 'logs'), clients, stepId: 'copy' };
      const longAgo = isoWithOffset(new Date(Date.now() - 86_400_000));
      await expect(fetchLog({ ...asked, finishedAt: longAgo }, context)).rejects.toThrow(
        `${from.file} was begun after the backup: the log was begun anew`,
      );
      const huge = { ...source, logs: [{ name: from.file, bytes: 2 ** 60 }] };
      await expect(fetchLog({ ...asked, source: huge, finishedAt: longAgo }, context)).rejects.toThrow(
        /^.* has no room for the binary logs: \d+ MB free, \d+ MB needed$/,
      );
    });
  },
  { binlog: true },
);
