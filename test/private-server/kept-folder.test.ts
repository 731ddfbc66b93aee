import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { connect } from '../../src/mysql/connect.ts';
import { findServerBinaries, type ServerBinaries } from '../../src/private-server/binaries.ts';
import { makeDataFolder } from '../../src/private-server/data-folder.ts';
import { findOrMakeKeptFolder, keptFoldersIn } from '../../src/private-server/kept-folder.ts';
import { startPrivateServer } from '../../src/private-server/server.ts';
import { type Exec, systemExec } from '../../src/system/exec.ts';
import { describeOnServers, type TestServer } from '../support/servers.ts';

async function binariesOf({ kind, version, binDir }: TestServer): Promise<ServerBinaries> {
  const found = await findServerBinaries(systemExec, { path: [binDir, join(binDir, '../sbin')].join(delimiter) });
  const binaries = found.find((one) => one.kind === kind && one.version === version);
  if (!binaries) throw new Error(`no ${kind} ${version}`);
  return binaries;
}

/** A folder to keep them in, and how many data folders were really made meanwhile. */
async function scene(server: TestServer) {
  const binaries = await binariesOf(server);
  const folder = mkdtempSync(join(tmpdir(), 'gateway-kept-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const counted = { made: 0 };
  const exec: Exec = {
    ...systemExec,
    run(command, options) {
      if (command.args.some((arg) => /^--(?:initialize-insecure|skip-test-db)$/.test(arg))) counted.made++;
      return systemExec.run(command, options);
    },
  };
  const keep = () => findOrMakeKeptFolder(exec, { binaries }, folder);
  /** Starts a server with it; says whether it answers. */
  const start = async () => {
    const started = await startPrivateServer(exec, { binaries, keptFolders: folder, binlog: false });
    try {
      return (await connect(started.target('mysql'))).flavor.kind;
    } finally {
      await started.stop();
    }
  };
  return { folder, exec, counted, keep, start };
}

describeOnServers('a data folder that is kept', (server) => {
  test('is made once, small and for its owner alone, also when two come at the same time', async () => {
    const { folder, counted, keep, start } = await scene(server());
    const [one, other] = await Promise.all([keep(), keep()]);
    expect(one).toBe(other);
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/^kept-[0-9a-f]{16}$/)]);
    counted.made = 0;
    expect(await start()).toBe(server().kind);
    expect(await keep()).toBe(one);
    expect(counted.made).toBe(0);
    expect(statSync(join(one ?? '', '..')).mode & 0o777).toBe(0o700);
    // Else every server that starts on a copy would be the same to a replica.
    expect(existsSync(join(one ?? '', 'auto.cnf'))).toBe(false);
  });

  test('is made anew when it is not whole, and does not stay when no server starts on it', async () => {
    const { counted, keep, start } = await scene(server());
    const kept = (await keep()) ?? '';
    truncateSync(join(kept, 'ibdata1'), 4_096);
    expect(await keep()).toBe(kept);
    expect(counted.made).toBe(2);
    const { size } = statSync(join(kept, 'ibdata1'));
    truncateSync(join(kept, 'ibdata1'), 0);
    truncateSync(join(kept, 'ibdata1'), size);
    expect(await start()).toBe(server().kind);
    expect(existsSync(kept)).toBe(false);
    expect(counted.made).toBe(3);
  });

  test('goes when its program is another by now, and with what a killed process left half made', async () => {
    const { folder, keep } = await scene(server());
    const leave = (name: string, text: string) => {
      mkdirSync(join(folder, name), { mode: 0o700 });
      writeFileSync(join(folder, name, 'sealed.json'), text);
    };
    leave('kept-0000000000000001', JSON.stringify({ server: (await binariesOf(server())).server, files: {} }));
    leave('kept-0000000000000002', JSON.stringify({ server: '/removed/sbin/mysqld', files: {} }));
    leave('kept-0000000000000003', JSON.stringify({ server: process.execPath, files: {} }));
    leave('making-999999999-ab', '');
    leave(`making-${process.pid}-ab`, '');
    leave('of-somebody-else', '');
    const kept = (await keep()) ?? '';
    expect(readdirSync(folder).sort()).toEqual(
      ['kept-0000000000000003', kept.split('/').at(-2), `making-${process.pid}-ab`, 'of-somebody-else'].sort(),
    );
  });

  test('is not used when others may write it, nor through a link', async () => {
    const { folder, counted, keep, start } = await scene(server());
    chmodSync(folder, 0o777);
    expect(await keep()).toBeUndefined();
    expect(await start()).toBe(server().kind);
    const elsewhere = (await scene(server())).folder;
    rmSync(folder, { recursive: true });
    symlinkSync(elsewhere, folder);
    expect(await keep()).toBeUndefined();
    rmSync(folder);
    writeFileSync(folder, '');
    expect(await keep()).toBeUndefined();
    expect(counted.made).toBe(1);
  });

  test('is made without a hand on the temporary tables of another server', async () => {
    const { folder, exec } = await scene(server());
    const shared = join(folder, 'shared');
    mkdirSync(shared);
    const theirs = [
      '#sql-temptable-1-2-3.MAD',
      '#sql-temptable-1-2-3.MAI',
      '#sql-temptable-1-2-3.frm',
      '#sql1_2_3.ibd',
    ];
    for (const name of theirs) writeFileSync(join(shared, name), 'theirs');
    const binaries = await binariesOf(server());
    const beside: Exec = { ...exec, run: (command) => exec.run({ ...command, env: { TMPDIR: shared } }) };
    mkdirSync(join(folder, 'scratch'));
    await makeDataFolder(beside, binaries, { dataDir: join(folder, 'data'), scratchDir: join(folder, 'scratch') });
    expect(readdirSync(shared).sort()).toEqual(theirs);
  });
});

test('data folders are kept in the cache of the account, if it has one', () => {
  expect(keptFoldersIn({ HOME: '/home/a' })).toBe('/home/a/.cache/gateway-migrate/data-folders');
  expect(keptFoldersIn({ HOME: '/home/a', XDG_CACHE_HOME: '/var/cache' })).toBe(
    '/var/cache/gateway-migrate/data-folders',
  );
  expect(keptFoldersIn({ HOME: '' })).toBeUndefined();
  expect(keptFoldersIn({ XDG_CACHE_HOME: 'relative' })).toBeUndefined();
});
