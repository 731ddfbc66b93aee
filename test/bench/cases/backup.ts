import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { dumpDatabase } from '../../../src/backup/dump/dump.ts';
import { type Compression, compressionProblem, fileSuffix } from '../../../src/backup/file/compression.ts';
import { removeBackup } from '../../../src/backup/file/folder.ts';
import { loadBackup } from '../../../src/backup/load/load.ts';
import { proveBackup } from '../../../src/backup/proof/proof.ts';
import { type Clients, requireClients } from '../../../src/mysql/clients.ts';
import { connect } from '../../../src/mysql/connect.ts';
import { recordedContext } from '../../support/recorded-context.ts';
import { fillBulk, MEGABYTES } from '../bulk.ts';
import { type BenchCase, rounds } from '../case.ts';
import { type Figure, type Table, toFigure } from '../figures.ts';
import type { Peers } from '../peers/install.ts';
import type { BenchServer } from '../servers.ts';

const DATABASE = 'bulk';
const COPY = 'bulk_copy';

interface Bulk {
  readonly server: BenchServer;
  readonly clients: Clients;
  readonly dir: string;
  readonly peers: Peers;
  readonly context: ReturnType<typeof recordedContext>;
}

interface Rival {
  readonly name: string;
  /** Outside of the time. */
  prepare?(): Promise<void>;
  act(): Promise<unknown>;
}

const CLIENT = 'gunzip piped into the client';

/** One file of a database: as the paper does it, as a pipe does it, and ours, which has a manifest and is checked. */
export const backup: BenchCase = bulkCase('backup', (bulk) => {
  const { server, clients, dir, peers } = bulk;
  const dump = `${clients.dump} --no-defaults -uroot -S ${server.socket} --single-transaction --quick ${DATABASE}`;
  const rivals: Rival[] = [
    { name: 'dump to a file, then gzip', act: () => shell(`${dump} > ${dir}/paper.sql && gzip -f ${dir}/paper.sql`) },
    { name: 'dump piped into gzip', act: () => shell(`${dump} | gzip > ${dir}/pipe.sql.gz`) },
    { name: 'dump piped into gzip -1', act: () => shell(`${dump} | gzip -1 > ${dir}/pipe.sql.gz`) },
    { name: 'gateway-migrate', ...ours(bulk, 'gzip') },
  ];
  if (peers.zstd) {
    rivals.push({ name: 'dump piped into zstd -1', act: () => shell(`${dump} | zstd -1 -qfo ${dir}/pipe.sql.zst`) });
  }
  if (compressionProblem('zstd') === undefined) {
    rivals.push({ name: 'gateway-migrate, zstd', ...ours(bulk, 'zstd') });
  }
  if (peers.mydumper) {
    rivals.push({ name: 'mydumper -t 2 -c', act: () => shell(`rm -rf ${dir}/my; ${mydumper(bulk)}`) });
  }
  return { title: `Backup of ${MEGABYTES} MB of rows, ${server.label}`, baseline: 'dump to a file, then gzip', rivals };
});

/** Into an empty database. */
export const restore: BenchCase = bulkCase('restore', (bulk) => {
  const { server, clients, dir, context, peers } = bulk;
  const prepare = () => server.recreate(COPY);
  const client = `${clients.shell} --no-defaults -uroot -S ${server.socket} ${COPY}`;
  const rivals: Rival[] = [
    { name: CLIENT, prepare, act: () => shell(`gunzip < ${dir}/ours.sql.gz | ${client}`) },
    {
      name: 'gateway-migrate',
      prepare,
      act: () => loadBackup(join(dir, 'ours.sql.gz'), server.root.target(COPY), clients, 'load', context),
    },
  ];
  if (peers.mydumper) {
    const load = `myloader -t 2 -u root -S ${server.socket} -d ${dir}/my -s ${DATABASE} -B ${COPY}`;
    const dumpOnce = () => shell(`test -d ${dir}/my || ${mydumper(bulk)}`);
    rivals.push({ name: 'myloader -t 2', prepare: () => dumpOnce().then(prepare), act: () => shell(load) });
  }
  return {
    title: `Restore of ${MEGABYTES} MB of rows into an empty database, ${server.label}`,
    baseline: CLIENT,
    rivals,
  };
});

/** Files of a million rows, so that its threads share the largest table too. */
function mydumper({ server, dir }: Bulk): string {
  return `mydumper -t 2 -c -r 1000000 -u root -S ${server.socket} -B ${DATABASE} -o ${dir}/my`;
}

/** Load, dump again, compare: against the load alone, on the same server. */
export const proof: BenchCase = bulkCase('proof', (bulk) => {
  const { server, clients, dir, context } = bulk;
  const file = join(dir, 'ours.sql.gz');
  const prepare = () => server.recreate(COPY);
  return {
    title: `Proof of ${MEGABYTES} MB of rows, ${server.label}`,
    baseline: 'load alone',
    rivals: [
      { name: 'load alone', prepare, act: () => loadBackup(file, server.root.target(COPY), clients, 'load', context) },
      { name: 'load, dump, compare', prepare, act: () => prove(file, bulk) },
    ],
  };
});

async function prove(file: string, { server, clients, context }: Bulk): Promise<void> {
  const copy = await connect(server.root.target(COPY));
  const outcome = await proveBackup(
    file,
    'prove',
    (_, __, body) => body({ title: 'the same server', server: copy, clients, isUnlogged: false, isShared: false }),
    context,
  );
  if (!('differences' in outcome) || outcome.differences.length > 0) throw new Error(JSON.stringify(outcome));
}

/** No backup replaces another. */
function ours({ dir, clients, context }: Bulk, compression: Compression) {
  const file = join(dir, `ours.sql${fileSuffix(compression)}`);
  return {
    prepare: () => removeBackup(file),
    act: () => dumpDatabase({ file, compression, clients, stepId: 'backup' }, context),
  };
}

function bulkCase(
  name: string,
  contest: (bulk: Bulk) => { title: string; baseline: string; rivals: Rival[] },
): BenchCase {
  return {
    name,
    async *run({ servers, peers }): AsyncIterable<Table> {
      for (const server of servers) {
        const dir = mkdtempSync(join(tmpdir(), 'gateway-bench-'));
        try {
          const context = recordedContext(await prepareDatabase(server));
          const clients = await requireClients(context.server.flavor, context.exec, { PATH: server.binDir });
          const bulk = { server, clients, dir, context, peers };
          await ours(bulk, 'gzip').act();
          const { title, baseline, rivals } = contest(bulk);
          yield { title, baseline, figures: await takeTurns(rivals) };
        } finally {
          rmSync(dir, { recursive: true, force: true });
        }
      }
    },
  };
}

/** Those that hold the rows already: a gigabyte takes minutes. */
const filled = new WeakSet<BenchServer>();

async function prepareDatabase(server: BenchServer) {
  const { root } = server;
  if (filled.has(server)) return connect(root.target(DATABASE));
  const session = await (await connect(root.target('mysql'))).open();
  await fillBulk(session, DATABASE);
  await session.close();
  filled.add(server);
  return connect(root.target(DATABASE));
}

async function takeTurns(rivals: readonly Rival[]): Promise<Figure[]> {
  const times = new Map(rivals.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < rounds(3); round++) {
    for (const { name, prepare, act } of rivals) {
      await prepare?.();
      const startedMs = performance.now();
      await act();
      times.get(name)?.push(performance.now() - startedMs);
    }
  }
  return rivals.map(({ name }) => toFigure(name, times.get(name) ?? []));
}

async function shell(line: string): Promise<void> {
  await promisify(execFile)('bash', ['-o', 'pipefail', '-c', line]);
}
