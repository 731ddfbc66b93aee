import type { Context } from '../../src/context.ts';
import type { Server } from '../../src/mysql/connect.ts';
import type { RunEvent } from '../../src/run/events.ts';
import { systemClock } from '../../src/system/clock.ts';
import { systemExec } from '../../src/system/exec.ts';
import { systemHttp } from '../../src/system/http.ts';

/** A context of real ports that keeps the events reported to it. */
export interface RecordedContext extends Context {
  readonly events: RunEvent[];
  /** The texts of all notes, in order. */
  notes(): string[];
}

export function recordedContext(server?: Server, changes: Partial<Context> = {}): RecordedContext {
  const events: RunEvent[] = [];
  return {
    server: server ?? noServer(),
    exec: systemExec,
    http: systemHttp,
    clock: systemClock,
    signal: new AbortController().signal,
    report: (event) => void events.push(event),
    ...changes,
    events,
    notes: () => events.flatMap((event) => (event.type === 'note' ? [event.text] : [])),
  };
}

/** For phases that must not need a database: using it is an error. */
function noServer(): Server {
  return {
    target: { database: 'none', user: 'none', tls: false },
    flavor: { kind: 'mysql', version: [0, 0, 0], label: 'none' },
    foldsNames: false,
    open: () => Promise.reject(new Error('this test has no database server')),
  };
}
