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

/**
 * A backup and a restore as users run them, of few rows and of many: how long the site is down for 200 tables and more, and
 * the peak of resident memory of `backup create` (the dump program is not counted). Both the same, whatever the size.
 */
export const swap: BenchCase = {
  name: 'swap',
  async *run(surroundings) {
    for (const server of surroundings.servers) {
      const [down, memory]: [Figure[], Figure[]] = [[], []];
      for (const megabytes of SIZES) {
        await fill(server, megabytes);
        const { downMs, peakMegabytes } = await measure(new Site(server, surroundings));
        down.push(toFigure(labelOf(megabytes), downMs));
        memory.push(toFigure(labelOf(megabytes), [peakMegabytes]));
      }
      const baseline = labelOf(SIZES[0]);
      yield { title: `The site down while ${TABLES} tables are swapped, ${server.label}`, baseline, figures: down };
      yield { title: `Peak memory of a backup, ${server.label}`, baseline, figures: memory, unit: 'MB' };
    }
  },
};

function labelOf(megabytes = 0): string {
  return `${megabytes} MB of rows`;
}

async function measure(site: Site): Promise<{ downMs: number[]; peakMegabytes: number }> {
  try {
    const peakMegabytes = await site.peakOf('backup', 'create');
    const downMs: number[] = [];
    for (let round = 0; round < rounds(3); round++) {
      const printed = await site.run('restore', '--yes', '--json');
      downMs.push(JSON.parse(printed.trim().split('\n').at(-1) ?? '').maintenanceMs);
    }
    return { downMs, peakMegabytes };
  } finally {
    site.remove();
  }
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
