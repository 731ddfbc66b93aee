import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../../src/mysql/connect.ts';
import { fillBulk, MEGABYTES } from '../bulk.ts';
import { type BenchCase, rounds, type Surroundings } from '../case.ts';
import { type Contender, compete } from '../contest.ts';
import type { Table } from '../figures.ts';
import { createMigrations } from '../migrations.ts';
import { ourSite, type Site } from '../peers/sites.ts';
import type { BenchServer } from '../servers.ts';

/** The folder of an older build of the tool, with its `dist`: without it there is nothing to compare with. */
const OLDER = process.env.BENCH_OLDER;
const BASELINE = 'the older build';

/** Whether a change has made anything slower that people wait for: both builds in turns, in one run. */
export const older: BenchCase = {
  name: 'older',
  async *run(surroundings) {
    if (OLDER === undefined) return console.log('\nolder: BENCH_OLDER names no folder of an older build; left out');
    const builds = [
      { name: BASELINE, root: OLDER },
      { name: 'this one', root: surroundings.root },
    ];
    const help = builds.map(({ name, root }) => ({ ...program(root, '--help'), name }));
    yield { title: '--help', baseline: BASELINE, figures: await compete(help, rounds(31)) };
    for (const server of surroundings.servers) yield* compare(builds, server, surroundings);
  },
};

type Build = Pick<Surroundings, 'root'> & { readonly name: string };

function program(root: string, ...args: string[]): Contender {
  return { name: args.join(' '), file: process.execPath, args: [join(root, 'bin/gateway-migrate.js'), ...args] };
}

async function* compare(builds: readonly Build[], server: BenchServer, { peers }: Surroundings): AsyncGenerator<Table> {
  const dir = mkdtempSync(join(tmpdir(), 'gateway-bench-'));
  try {
    const sites = builds.map(({ name, root }, index) => {
      const folder = join(dir, String(index));
      mkdirSync(folder);
      const site = ourSite({ root, dir: folder, server, peers, migrations: createMigrations(500) });
      keepBackupsIn(join(folder, 'ours'));
      return { name, folder, site };
    });
    const table = async (what: string, usual: number, contenderOf: (one: (typeof sites)[number]) => Contender) => ({
      title: `${what}, ${server.label}`,
      baseline: BASELINE,
      figures: await compete(
        sites.map((one) => ({ ...contenderOf(one), name: one.name })),
        rounds(usual),
      ),
    });
    yield await table('500 migrations', 5, ({ site, folder }) => ({
      ...site.migrate,
      prepare: () => makeNew(server, site, folder),
    }));
    yield await table('Nothing to do, 500 applied', 15, ({ site }) => site.status ?? site.migrate);

    const session = await (await connect(server.root.target('mysql'))).open();
    await fillBulk(session, 'ours').finally(() => session.close());
    yield await table(`Backup of ${MEGABYTES} MB`, 5, ({ site, folder }) => ({
      ...site.migrate,
      args: [...site.migrate.args.slice(0, 1), 'backup', 'create'],
      prepare: async () => rmSync(join(folder, 'ours/backups'), { recursive: true, force: true }),
    }));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function keepBackupsIn(folder: string): void {
  const file = join(folder, 'gateway-migrate.config.json');
  const config = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...config, backup: { dir: 'backups', minFree: '1MB', verify: 'checksum' } }));
}

async function makeNew(server: BenchServer, { database }: Site, folder: string): Promise<void> {
  await server.recreate(database);
  rmSync(join(folder, 'ours/.gateway-migrate'), { recursive: true, force: true });
}
