import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BenchCase, rounds, type Surroundings } from '../case.ts';
import { type Contender, compete, runOnce } from '../contest.ts';
import type { Figure } from '../figures.ts';
import { createMigrations } from '../migrations.ts';
import { createSites } from '../peers/sites.ts';
import type { BenchServer } from '../servers.ts';

const NODE: Contender = { name: 'node -e 0', file: process.execPath, args: ['-e', '0'] };

/** 500 migrations are applied and nothing is to be done: how long until a tool says so. */
export const status500: BenchCase = {
  name: 'status-500',
  async *run(surroundings) {
    for (const server of surroundings.servers) {
      const figures = await measure(server, surroundings);
      yield { title: `Nothing to do, 500 applied, ${server.label}`, baseline: NODE.name, figures };
    }
  },
};

async function measure(server: BenchServer, { root, peers }: Surroundings): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), 'gateway-bench-'));
  try {
    const sites = createSites({ root, dir, server, peers, migrations: createMigrations(500) });
    const tools = sites.filter((site) => site.status !== undefined);
    for (const { database, migrate } of tools) {
      await server.recreate(database);
      await runOnce(migrate);
    }
    const commands = tools.flatMap(({ status, migrate }) => (status ? [status, migrate] : []));
    return await compete([NODE, ...commands], rounds(15));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
