import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { failedUnchanged } from '../errors.ts';
import { atExit, endWithUs } from '../private-server/lifetime.ts';
import { findFreePort } from '../private-server/port.ts';
import type { Exec } from '../system/exec.ts';
import { systemHttp } from '../system/http.ts';

/** The website on top of the sample production, as far as a deploy sees it. */
export interface Site {
  readonly url: string;
  /** The application's folder. */
  readonly dir: string;
  readonly stopCommand: string;
  stop(): Promise<void>;
  letGo(): void;
}

/** Where Laravel's `artisan down` leaves its mark. */
export const DOWN_FILE = 'storage/framework/down';

/** 503 with Retry-After while the mark is there, like Laravel in maintenance mode, else 200. */
const PROGRAM = `import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
const [port, downFile] = process.argv.slice(2);
createServer((request, response) => {
  if (existsSync(downFile)) response.writeHead(503, { 'Retry-After': '60' }).end('Down for maintenance\\n');
  else response.writeHead(200).end('The gateway works\\n');
}).listen(Number(port), '127.0.0.1');
`;

const START_TIMEOUT_MS = 10_000;

/** Starts the site as a process of its own. Throws a `Failure`. */
export async function startSite(exec: Exec, folder: string, canOutliveUs: boolean): Promise<Site> {
  const dir = join(folder, 'app');
  await mkdir(join(dir, 'storage/framework'), { recursive: true });
  const program = join(dir, 'site.mjs');
  await writeFile(program, PROGRAM);
  const port = await findFreePort();
  const command = { file: process.execPath, args: [program, String(port), join(dir, DOWN_FILE)] };
  const started = exec.start(canOutliveUs ? command : endWithUs(command), { logFile: join(dir, 'site.log') });
  const callOff = atExit(() => started.kill());
  const site: Site = {
    url: `http://127.0.0.1:${port}/`,
    dir,
    stopCommand: `kill -9 ${started.pid}`,
    async stop() {
      started.kill();
      await started.exit;
      callOff();
    },
    letGo() {
      callOff();
      started.letGo();
    },
  };
  if (await Promise.race([answers(site.url), started.exit.then(() => false)])) return site;
  await site.stop();
  throw failedUnchanged(`The sample website did not start on ${site.url}`, 'gateway-migrate demo');
}

async function answers(url: string): Promise<boolean> {
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadlineMs) {
    const signal = AbortSignal.timeout(START_TIMEOUT_MS);
    const isUp = await systemHttp(url, { signal }).then(
      ({ status }) => status === 200,
      () => false,
    );
    if (isUp) return true;
    await sleep(20);
  }
  return false;
}
