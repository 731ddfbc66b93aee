import { Failure, messageOf } from '../errors.ts';
import type { Session } from '../mysql/connect.ts';
import type { RunEvent } from './events.ts';

/** A lock that was lost, and could not be taken again, while the run was going on. */
export class LockLost extends Error {
  override readonly name = 'LockLost';
}

export interface HeartbeatTimes {
  readonly beatEveryMs: number;
  /** A beat without an answer by then means a stalled connection. */
  readonly answerWithinMs: number;
  /** A server that restarts, or a network that comes back, is waited for as long. */
  readonly retakeWithinMs: number;
  /** So long after the last proof that the lock is ours nothing is sent before a new one. Default: 10 s. */
  readonly provenForMs?: number;
}

export const TIMES: HeartbeatTimes = { beatEveryMs: 3_000, answerWithinMs: 6_000, retakeWithinMs: 30_000 };
/** Half of the time after which an owner counts as dead (`DEAD_AFTER_SECONDS`). */
const PROVEN_FOR_MS = 10_000;
const RETAKE_PAUSE_MS = 500;

interface HeartbeatParts {
  /** Asks whether the lock is still held over this connection, and gives a sign of life. */
  isHeld(session: Session): Promise<boolean>;
  /** Takes the lock again over a new connection. A `Failure` says that somebody else has it, or had it in between. */
  retake(): Promise<Session>;
  readonly times: HeartbeatTimes;
  report(event: RunEvent): void;
}

/** The connection that holds the lock, kept alive. */
export interface Heartbeat {
  /** Aborts with `LockLost`. */
  readonly lost: AbortSignal;
  /** Resolves as soon as the lock is proven to be ours, if need be after it was taken again. Throws `LockLost`. */
  confirm(): Promise<void>;
  /**
   * The same after a time without a proof; else undefined. This process may have slept (SIGSTOP, a closed lid, a paused
   * machine), and woken up with a statement in its hands.
   */
  confirmIfLate(): Promise<void> | undefined;
  /** The connection that holds the lock at the moment: free for short looks at the server. */
  session(): Session;
  /** Ends the beating and hands the connection over for good. */
  stop(): Promise<Session>;
}

export function startHeartbeat(first: Session, parts: HeartbeatParts): Heartbeat {
  const { times } = parts;
  const lost = new AbortController();
  let session = first;
  let isStopped = false;
  let beating: Promise<void> | undefined;
  let provenAt = moment();

  async function beatOnce(): Promise<void> {
    lost.signal.throwIfAborted();
    const at = moment();
    if (await within(times.answerWithinMs, parts.isHeld(session))) {
      provenAt = at;
      return;
    }
    session.destroy();
    try {
      session = await retake();
      provenAt = moment();
    } catch (error) {
      lost.abort(new LockLost(`the lock on the database was lost: ${messageOf(error)}`));
      throw lost.signal.reason;
    }
    const text = 'the connection that holds the lock was lost; the lock was taken again';
    parts.report({ type: 'note', level: 'warning', text });
  }

  async function retake(): Promise<Session> {
    const deadlineMs = performance.now() + times.retakeWithinMs;
    for (;;) {
      try {
        return await parts.retake();
      } catch (error) {
        if (error instanceof Failure || isStopped || performance.now() > deadlineMs) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETAKE_PAUSE_MS));
      }
    }
  }

  function beat(): Promise<void> {
    beating ??= beatOnce().finally(() => {
      beating = undefined;
    });
    return beating;
  }

  const timer = setInterval(() => void beat().catch(() => undefined), times.beatEveryMs);
  return {
    lost: lost.signal,
    confirm: beat,
    confirmIfLate: () => (elapsedSince(provenAt) > (times.provenForMs ?? PROVEN_FOR_MS) ? beat() : undefined),
    session: () => session,
    async stop() {
      isStopped = true;
      clearInterval(timer);
      await beating?.catch(() => undefined);
      return session;
    },
  };
}

interface Moment {
  readonly ticksMs: number;
  readonly wallMs: number;
}

/** The monotonic clock stands still while the machine is suspended, the other may be set: the longer time counts. */
function moment(): Moment {
  return { ticksMs: performance.now(), wallMs: Date.now() };
}

function elapsedSince({ ticksMs, wallMs }: Moment): number {
  return Math.max(performance.now() - ticksMs, Date.now() - wallMs);
}

/** False when the work fails, or has no answer in time. */
export async function within(ms: number, work: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  return Promise.race([work.catch(() => false), late]).finally(() => clearTimeout(timer));
}
