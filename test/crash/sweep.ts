import type { Fate } from '../support/proxy.ts';
import type { TestServer } from '../support/servers.ts';
import { Stage, type StageOptions, type Struck } from './stage.ts';

export const DEPLOY = ['deploy', '--yes', '--no-maintenance', '--skip-backup', '--skip-rehearsal'] as const;
const RESUME = ['resume', '--yes'] as const;
const ROLLBACK = ['rollback', '--yes', '--discard-new-rows'] as const;

/** One way to die, and the way out of it. */
export interface Point {
  /** The command at which the deploy is killed, 1-based. */
  readonly at: number;
  readonly fate: Extract<Fate, 'before' | 'after'>;
  readonly way: 'resume' | 'rollback';
  /** The command at which the recovery is killed too, before it is started once more; or the first that matches. */
  readonly again?:
    | { readonly at: number | RegExp; readonly fate: Point['fate']; readonly way: Point['way'] }
    | undefined;
}

/** What nobody killed looks like. */
export interface Expected {
  readonly before: string;
  readonly after: string;
  /** The commands that a whole deploy sends, described. */
  readonly commands: readonly string[];
  /** As `Struck` has it. */
  readonly written: ReadonlySet<number>;
}

export async function deployOnce(server: TestServer, options: StageOptions): Promise<Expected> {
  const stage = await Stage.build(server, options);
  try {
    const before = await stage.dump();
    const { code, output, commands, written } = await stage.strike(undefined, ...DEPLOY);
    if (code !== 0) throw new Error(`the deploy that nobody kills failed:\n${output}`);
    return { before, after: await stage.dump(), commands, written };
  } finally {
    await stage.clear();
  }
}

/** Kills and recovers at one point. Throws with what is different, and with what is needed to see it again. */
export async function survive(
  server: TestServer,
  options: StageOptions,
  point: Point,
  expected: Expected,
): Promise<void> {
  const stage = await Stage.build(server, options);
  let last: string | undefined;
  try {
    const struck = await stage.strike(point, ...DEPLOY);
    last = struck.commands.at(-1);
    requireKilled(struck, point.at);
    const way = point.again?.way ?? point.way;
    if (point.again) await stage.strike(point.again, ...(point.way === 'resume' ? RESUME : ROLLBACK));
    await recover(stage, way);
    const wanted = way === 'resume' ? expected.after : expected.before;
    const found = await stage.dump();
    if (found !== wanted) throw new Error(`the database differs:\n${firstDifference(found, wanted)}`);
  } catch (error) {
    const where = `${server.kind} ${JSON.stringify(point)}, killed at: ${last ?? 'nothing'}`;
    throw new Error(`${where}\n${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await stage.clear();
  }
}

/**
 * Heartbeats come by the clock, so a run may send a command less than the one that was counted; and whoever has said goodbye
 * may be at its end before the blow falls. Both end unharmed, and what must hold after a killed run holds after them too.
 */
export function requireKilled({ code, commands }: Struck, at: number | RegExp): void {
  if (at instanceof RegExp && code === 0) throw new Error('was not killed');
  if (code === 0 && typeof at === 'number' && commands.length >= at && commands.at(-1) !== 'QUIT')
    throw new Error('was not killed');
}

/** One command, and it ends well. Whoever was killed before anything had begun has nothing to finish: he deploys. */
async function recover(stage: Stage, way: Point['way']): Promise<void> {
  const { code, output } = await stage.run(...(way === 'resume' ? RESUME : ROLLBACK));
  if (code !== 0) throw new Error(`${way} ended with ${code}:\n${output}`);
  if (way === 'rollback' || !output.includes('nothing to finish')) return;
  const deployed = await stage.run(...DEPLOY);
  if (deployed.code !== 0) throw new Error(`deploy after it ended with ${deployed.code}:\n${deployed.output}`);
}

export function firstDifference(found: string, wanted: string): string {
  const [have, want] = [found.split('\n'), wanted.split('\n')];
  const at = want.findIndex((line, index) => line !== have[index]);
  const shown = at < 0 ? want.length : at;
  return [`  wanted: ${want[shown] ?? '(nothing)'}`, `  found:  ${have[shown] ?? '(nothing)'}`].join('\n');
}

/** Runs all tasks on `workers` at once; returns the errors. */
export async function runAll<T>(tasks: readonly T[], workers: number, run: (task: T) => Promise<void>) {
  const queue = [...tasks];
  const errors: string[] = [];
  const work = async () => {
    for (let task = queue.shift(); task !== undefined; task = queue.shift()) {
      await run(task).catch((error: Error) => errors.push(error.message));
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return errors;
}
