import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createWebServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type BenchCase, rounds, type Surroundings } from '../case.ts';
import { type Table, toFigure } from '../figures.ts';
import { createMigrations } from '../migrations.ts';
import { ourSite, type Site } from '../peers/sites.ts';
import type { BenchServer } from '../servers.ts';

const NOBODY = 'nobody is told';
const WEBHOOK = 'a webhook is told';
const MAIL = 'a mail is sent';
const tailOf = (name: string) => `${name}: after the last step`;

/**
 * What the messages about a run cost a deploy of six migrations with its backup. Every contender writes its page. The
 * receivers answer at once: what others take is theirs, 3 s at most.
 */
export const telling: BenchCase = {
  name: 'telling',
  async *run(surroundings) {
    const web = createWebServer((_, response) => response.end('ok'));
    const mail = createMailServer();
    const targets = {
      [NOBODY]: [],
      [WEBHOOK]: [{ type: 'webhook', url: `http://${await listen(web)}/`, project: 'bench' }],
      [MAIL]: [{ type: 'email', smtp: `smtp://${await listen(mail)}`, from: 'a@example.com', to: ['b@example.com'] }],
    };
    try {
      for (const server of surroundings.servers) yield await measure(server, surroundings, targets);
    } finally {
      web.close();
      mail.close();
    }
  },
};

async function listen(server: Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Says yes to every line at once. The servers of mail that there are wait for clients who speak too early. */
function createMailServer(): Server {
  return createServer((socket) => {
    let isText = false;
    socket.on('error', () => undefined).write('220 bench\r\n');
    createInterface(socket).on('line', (line) => {
      if (isText && line !== '.') return;
      isText = line === 'DATA';
      socket.write(isText ? '354 go on\r\n' : '250 ok\r\n');
    });
  });
}

async function measure(
  server: BenchServer,
  { root, peers }: Surroundings,
  targets: Readonly<Record<string, readonly unknown[]>>,
): Promise<Table> {
  const dir = mkdtempSync(join(tmpdir(), 'gateway-bench-'));
  try {
    const site = ourSite({ root, dir, server, peers, migrations: createMigrations(6) });
    const names = Object.keys(targets);
    const times = new Map<string, number[]>([...names, ...names.map(tailOf)].map((name) => [name, []]));
    for (let round = 0; round <= rounds(11); round++) {
      // There and back: who comes after whom is no contender's advantage.
      for (const name of round % 2 === 0 ? names : names.toReversed()) {
        await server.recreate(site.database);
        configure(join(dir, 'ours'), targets[name] ?? []);
        const { ms, tailMs } = await deploy(site);
        if (round === 0) continue;
        times.get(name)?.push(ms);
        times.get(tailOf(name))?.push(tailMs);
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
