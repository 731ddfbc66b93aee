import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BenchCase, rounds, type Surroundings } from '../case.ts';
import { compete } from '../contest.ts';
import { createMigrations } from '../migrations.ts';
import { createSites } from '../peers/sites.ts';
import type { BenchServer } from '../servers.ts';

/** 500 migrations of one CREATE TABLE with an index, into an empty database; ours with its journal. */
export const migrate500: BenchCase = {
  name: 'migrate-500',
  async *run(surroundings) {
    for (const server of surroundings.servers) yield await measure(server, surroundings);
  },
};

async function measure(server: BenchServer, { root, peers }: Surroundings) {
  const dir = mkdtempSync(join(tmpdir(), 'gateway-bench-'));
  try {
    const sites = createSites({ root, dir, server, peers, migrations: createMigrations(500) });
    const contenders = sites.map(({ name, database, migrate }) => ({
      ...migrate,
      name,
      async prepare() {
        await server.recreate(database);
        rmSync(join(dir, 'ours/.gateway-migrate'), { recursive: true, force: true });
      },
    }));
    const baseline = sites.find((site) => site.database === 'client')?.name ?? '';
    const figures = await compete(contenders, rounds(5));
    return { title: `500 migrations, ${server.label}`, baseline, figures };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
