import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { type Figure, toFigure } from './figures.ts';

/** A command line that takes part in a contest. */
export interface Contender {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** A file for its standard input. */
  readonly input?: string | undefined;
  /** Before each run, outside of the time. */
  prepare?(): Promise<void>;
}

/**
 * Lets contenders run in turn (A B C A B C …), so that a slow minute of the machine is slow for all. The first round
 * warms the caches and does not count. Throws with the program's own words when one fails: its time would mean nothing.
 */
export async function compete(contenders: readonly Contender[], rounds: number): Promise<Figure[]> {
  const times = new Map(contenders.map((one) => [one.name, [] as number[]]));
  for (let round = 0; round <= rounds; round++) {
    for (const contender of contenders) {
      await contender.prepare?.();
      const ms = await timeOnce(contender);
      if (round > 0) times.get(contender.name)?.push(ms);
    }
  }
  return contenders.map(({ name }) => toFigure(name, times.get(name) ?? []));
}

/** Milliseconds from the start of the process to its end; its output goes nowhere. */
async function timeOnce(contender: Contender): Promise<number> {
  const startedMs = performance.now();
  await outputOf(contender, 'ignore');
  return performance.now() - startedMs;
}

/** What it prints. Throws with the program's own words when it fails. */
export async function outputOf(contender: Contender, stdout: 'pipe' | 'ignore' = 'pipe'): Promise<string> {
  const { name, file, args, cwd, env, input } = contender;
  const stdin = input === undefined ? 'ignore' : openSync(input, 'r');
  // The benchmarks' own variable begins like a key of the configuration, which does not know it.
  const { GATEWAY_MIGRATE_BENCH_DIR: _, ...inherited } = process.env;
  const child = spawn(file, args, { cwd, env: { ...inherited, ...env }, stdio: [stdin, stdout, 'pipe'] });
  let printed = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const [exitCode] = await once(child, 'close');
  if (typeof stdin === 'number') closeSync(stdin);
  if (exitCode !== 0) throw new Error(`${name} exited with ${exitCode}: ${said.trim() || printed.trim()}`);
  return printed;
}

/** Runs a command once, for what comes before a contest. */
export async function runOnce(contender: Contender): Promise<void> {
  await contender.prepare?.();
  await timeOnce(contender);
}
