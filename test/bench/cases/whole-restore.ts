import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../../src/mysql/connect.ts';
import { fillBulk, MEGABYTES } from '../bulk.ts';
import { type BenchCase, rounds, type Surroundings } from '../case.ts';
import { outputOf } from '../contest.ts';
import { type Figure, toFigure } from '../figures.ts';
import type { BenchServer } from '../servers.ts';
import { createTables } from '../tables.ts';

const DATABASE = 'whole';
const TABLES = 200;
const SIZES = [MEGABYTES / 20, MEGABYTES];

/** The peak of resident memory of `backup create`: flat, whatever the size. The dump program is not counted. */
export const memory: BenchCase = {
  name: 'memory',
  async *run(surroundings) {
    for (const server of surroundings.servers) {
      const figures = await forEachSize(server, surroundings, async (site) => [await site.peakOf('backup', 'create')]);
      yield { title: `Peak memory of a backup, ${server.label}`, baseline: labelOf(SIZES[0]), figures, unit: 'MB' };
    }
  },
};

/** How long `restore` keeps the site down for 200 tables and more: the same, whatever the size. */
export const swap: BenchCase = {
  name: 'swap',
  async *run(surroundings) {
    for (const server of surroundings.servers) {
      const figures = await forEachSize(server, surroundings, async (site) => {
        await site.run('backup', 'create');
        const down: number[] = [];
        for (let round = 0; round < rounds(3); round++) {
          const printed = await site.run('restore', '--yes', '--json');
          down.push(JSON.parse(printed.trim().split('\n').at(-1) ?? '').maintenanceMs);
        }
        return down;
      });
      yield {
        title: `The site down while ${TABLES} tables are swapped, ${server.label}`,
        baseline: labelOf(SIZES[0]),
        figures,
      };
    }
  },
};

function labelOf(megabytes = 0): string {
  return `${megabytes} MB of rows`;
}

async function forEachSize(
  server: BenchServer,
  surroundings: Surroundings,
  measure: (site: Site) => Promise<number[]>,
): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const megabytes of SIZES) {
    await fill(server, megabytes);
    const site = new Site(server, surroundings);
    try {
      figures.push(toFigure(labelOf(megabytes), await measure(site)));
    } finally {
      site.remove();
    }
  }
  return figures;
}

async function fill(server: BenchServer, megabytes: number): Promise<void> {
  const session = await (await connect(server.root.target('mysql'))).open();
  await fillBulk(session, DATABASE, megabytes);
  await createTables(session, `${DATABASE}_more`, TABLES);
  const moves = Array.from({ length: TABLES }, (_, index) => `${DATABASE}_more.t${index} TO ${DATABASE}.t${index}`);
  await session.query(`RENAME TABLE ${moves.join(', ')}`);
  await session.close();
}

/** A folder with a configuration: the tool as users run it. */
class Site {
  readonly #dir = mkdtempSync(join(tmpdir(), 'gateway-bench-'));
  readonly #root: string;
  readonly #env: Record<string, string>;

  constructor({ socket, binDir }: BenchServer, { root }: Surroundings) {
    this.#root = root;
    this.#env = { GATEWAY_MIGRATE_CLIENTS: binDir, PEAK_MEMORY_FILE: join(this.#dir, 'peak') };
    const maintenance = { enter: ['touch', 'down'], leave: ['rm', '-f', 'down'], check: ['test', '-e', 'down'] };
    const config = {
      database: { socket, name: DATABASE, user: 'root' },
      app: { dir: '.', maintenance, caches: 'none' },
      backup: { dir: 'backups', verify: 'checksum' },
      logs: 'logs',
    };
    writeFileSync(join(this.#dir, 'gateway-migrate.config.json'), JSON.stringify(config));
    mkdirSync(join(this.#dir, 'migrations'));
  }

  run(...args: string[]): Promise<string> {
    return this.#start([], args);
  }

  /** Megabytes. */
  async peakOf(...args: string[]): Promise<number> {
    await this.#start(['--import', join(this.#root, 'test/bench/peak-memory.mjs')], args);
    return Number(readFileSync(join(this.#dir, 'peak'), 'utf8')) / 1000;
  }

  remove(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #start(ofNode: string[], args: string[]): Promise<string> {
    const program = join(this.#root, 'bin/gateway-migrate.js');
    const command = { name: args.join(' '), file: process.execPath, args: [...ofNode, program, ...args] };
    return outputOf({ ...command, cwd: this.#dir, env: this.#env });
  }
}
