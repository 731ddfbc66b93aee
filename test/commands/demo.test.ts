import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';

/** The sample production in full, on a machine that does other work too. */
const STORY_TIMEOUT_MS = 180_000;

let scratch: string;
beforeEach(() => {
  // Short: the path of a unix socket has little room.
  scratch = mkdtempSync('/tmp/gm-');
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
}

/** Runs the demo with a TMPDIR of its own; sends `signal` once the output holds `at`. */
function demo(kind: 'mysql' | 'mariadb', interrupt?: { at: string; signal: NodeJS.Signals }): Promise<Ended> {
  const found = inject('servers')[kind];
  if (!('binaries' in found)) throw new Error(found.missing);
  const { server, binDir } = found.binaries;
  const path = [join(server, '..'), binDir, process.env.PATH].join(':');
  const child = spawn(process.execPath, [inject('program'), 'demo'], {
    env: { ...process.env, PATH: path, TMPDIR: scratch },
  });
  return new Promise((resolve) => {
    let output = '';
    let isSent = false;
    const take = (chunk: Buffer) => {
      output += chunk;
      if (interrupt === undefined || isSent || !output.includes(interrupt.at)) return;
      isSent = true;
      child.kill(interrupt.signal);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('close', (exitCode) => resolve({ exitCode, output }));
  });
}

/** Processes that have anything in `scratch` on their command line. */
function processesLeft(): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && existsSync(`/proc/${pid}/cmdline`))
    .map((pid) => readCommandLine(pid))
    .filter((commandLine) => commandLine.includes(scratch));
}

function readCommandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function expectNothingLeft(): void {
  expect(processesLeft()).toEqual([]);
  expect(readdirSync(scratch)).toEqual([]);
}

describe.for(['mysql', 'mariadb'] as const)('the demo on %s', (kind) => {
  const isThere = 'binaries' in inject('servers')[kind];

  test.runIf(isThere)(
    'plays the story to its end and removes everything',
    async ({ skip }) => {
      skip(kind === 'mysql' && process.env.CI !== 'true', 'a sample plays it on MariaDB alone: with CI=true on both');
      const { exitCode, output } = await demo(kind);
      expect(output).toContain(kind === 'mysql' ? 'MySQL 9' : 'MariaDB 1');
      expect(output).toMatch(/188 tables, 341,840 rows of 24 companies/);
      expect(output).toMatch(
        /Pending: 6[\s\S]*Deployed 6 migrations[\s\S]*verify finished[\s\S]*Applied: 6[\s\S]*Pending: none/,
      );
      expect(output).toContain('demo finished');
      expect(exitCode).toBe(0);
      expectNothingLeft();
    },
    STORY_TIMEOUT_MS,
  );
});

describe.runIf('binaries' in inject('servers').mariadb)('the demo, interrupted', () => {
  test.for([
    ['at once', 'gateway-migrate demo', 'SIGINT'],
    // The line of a step that is done: the next one has begun.
    ['while production is built, by SIGTERM', 'Start a private database server', 'SIGTERM'],
    ['while it deploys', 'Ready to deploy to PRODUCTION?', 'SIGINT'],
  ] as const)('%s leaves no process and no folder', async ([, at, signal]) => {
    const { exitCode } = await demo('mariadb', { at, signal });
    expect(exitCode).toBe(130);
    expectNothingLeft();
  });
});
