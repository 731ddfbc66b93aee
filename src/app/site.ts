import { messageOf } from '../errors.ts';
import type { AppPorts } from './ports.ts';

/** What the site said to one request; `status` is undefined when it said nothing. */
export interface Answer {
  readonly status: number | undefined;
  readonly ms: number;
  /** Why there was no answer. */
  readonly error?: string;
}

export interface Patience {
  /** Start no request later than this after the first one. */
  readonly withinMs: number;
  /** Give up on one request after this time. */
  readonly requestMs: number;
  /** Pause between two requests. */
  readonly pauseMs: number;
}

type WebPorts = Pick<AppPorts, 'http' | 'clock' | 'signal'>;

/** One GET. Redirects are not followed: a login page behind a redirect must not pass for the page that was asked for. */
export async function askSite(url: string, requestMs: number, ports: WebPorts): Promise<Answer> {
  const startedMs = ports.clock.ticksMs();
  const passed = () => Math.round(ports.clock.ticksMs() - startedMs);
  try {
    const { status } = await ports.http(url, {
      headers: { 'cache-control': 'no-cache' },
      signal: AbortSignal.any([ports.signal, AbortSignal.timeout(requestMs)]),
    });
    return { status, ms: passed() };
  } catch (error) {
    ports.signal.throwIfAborted();
    return { status: undefined, ms: passed(), error: reasonOf(error, requestMs) };
  }
}

/** Asks again until the site answers `wanted` or patience ends; resolves with the last answer, whatever it was. */
export async function waitForStatus(url: string, wanted: number, patience: Patience, ports: WebPorts): Promise<Answer> {
  const startedMs = ports.clock.ticksMs();
  for (;;) {
    const answer = await askSite(url, patience.requestMs, ports);
    const spentMs = ports.clock.ticksMs() - startedMs;
    if (answer.status === wanted || spentMs + patience.pauseMs >= patience.withinMs) {
      return { ...answer, ms: Math.round(spentMs) };
    }
    await ports.clock.sleep(patience.pauseMs, ports.signal);
  }
}

/** `503`, or `nothing (connect ECONNREFUSED 127.0.0.1:80)`. */
export function describeAnswer(answer: Answer): string {
  return answer.status === undefined ? `nothing (${answer.error})` : String(answer.status);
}

function reasonOf(error: unknown, requestMs: number): string {
  const isLate = error instanceof Error && error.name === 'TimeoutError';
  return isLate ? `no answer within ${requestMs} ms` : messageOf(error);
}
