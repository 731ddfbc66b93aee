import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BenchCase, rounds, type Surroundings } from '../case.ts';
import { type Table, toFigure } from '../figures.ts';
import { createMigrations } from '../migrations.ts';
import { ourSite, type Site } from '../peers/sites.ts';
import type { BenchServer } from '../servers.ts';

const NOBODY = 'nobody is told';
const TEAM = 'a webhook is told';
const TAIL = 'of it after the last step: the page, the messages';

/** What the page of a run and the messages about it cost a deploy of six migrations with its backup. */
export const telling: BenchCase = {
  name: 'telling',
  async *run(surroundings) {
    const receiver = createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
    try {
      for (const server of surroundings.servers) yield await measure(server, surroundings, url);
    } finally {
      receiver.close();
    }
  },
};

async function measure(server: BenchServer, { root, peers }: Surroundings, url: string): Promise<Table> {
  const dir = mkdtempSync(join(tmpdir(), 'gateway-bench-'));
  try {
    const site = ourSite({ root, dir, server, peers, migrations: createMigrations(6) });
    const times = new Map<string, number[]>([NOBODY, TEAM, TAIL].map((name) => [name, []]));
    for (let round = 0; round <= rounds(11); round++) {
      for (const name of [NOBODY, TEAM]) {
        await server.recreate(site.database);
        configure(join(dir, 'ours'), name === TEAM ? [{ type: 'webhook', url, project: 'bench' }] : []);
        const { ms, tailMs } = await deploy(site);
        if (round === 0) continue;
        times.get(name)?.push(ms);
        if (name === TEAM) times.get(TAIL)?.push(tailMs);
      }
    }
    const figures = [...times].map(([name, some]) => toFigure(name, some));
    return { title: `Deploy of six migrations, ${server.label}`, baseline: NOBODY, figures };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function configure(folder: string, notify: readonly unknown[]): void {
  const file = join(folder, 'gateway-migrate.config.json');
  const config = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(
    file,
    JSON.stringify({ ...config, notify, backup: { dir: 'backups', minFree: '1MB', verify: 'checksum' } }),
  );
}

/** Milliseconds of the whole, and of it those from the end of the last step on. */
async function deploy({ migrate }: Site): Promise<{ ms: number; tailMs: number }> {
  const startedMs = performance.now();
  const args = [...migrate.args.filter((arg) => arg !== '--skip-backup'), '--json'];
  const child = spawn(migrate.file, args, { cwd: migrate.cwd, env: { ...process.env, ...migrate.env } });
  let lastStepMs = startedMs;
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    if (chunk.includes('"step.finished"')) lastStepMs = performance.now();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const [exitCode] = await once(child, 'close');
  if (exitCode !== 0) throw new Error(`deploy exited with ${exitCode}: ${said}`);
  return { ms: performance.now() - startedMs, tailMs: performance.now() - lastStepMs };
}
