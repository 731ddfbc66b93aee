import type { RunEvent } from '../run/events.ts';

export type LogLevel = 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';

export interface LogLine {
  readonly level: LogLevel;
  readonly text: string;
}

/** One event as one line of a log: nothing is left out, nothing is coloured. */
export function logLine(event: RunEvent): LogLine {
  switch (event.type) {
    case 'run.started':
      return info(`run started: ${event.command} on ${event.target}`);
    case 'plan':
      return info(`plan: ${idsOf(event.steps)}; if something fails: ${idsOf(event.onFailure)}`);
    case 'step.started':
      return info(`step ${event.id} started: ${event.title}`);
    case 'step.finished':
      return info(`step ${event.id} finished in ${wholeMs(event.ms)}${event.detail ? `: ${event.detail}` : ''}`);
    case 'step.failed':
      return { level: 'ERROR', text: `step ${event.id} failed after ${wholeMs(event.ms)}: ${event.error}` };
    case 'statement.started':
      return info(`${statementName(event)} started: ${event.sql}`);
    case 'statement.finished':
      return statementFinished(event);
    case 'migration.finished':
      return info(`migration ${event.version} ${event.name} ${event.direction} finished in ${wholeMs(event.ms)}`);
    case 'progress':
      return { level: 'DEBUG', text: progress(event) };
    case 'check':
      return check(event);
    case 'summary':
      return info(`${event.title}: ${event.rows.map(([label, value]) => `${label}=${value}`).join('; ')}`);
    case 'rehearsed':
      return { level: 'DEBUG', text: `rehearsed ${event.version}: ${event.changes.length} lines of the schema differ` };
    case 'accident':
      return info(`in the binary log at ${event.position}, ${event.time}: ${event.what}`);
    case 'conflict':
      return { level: 'WARN', text: `conflict: ${event.table} ${event.key}: ${event.reason}` };
    case 'sample':
      return { level: 'DEBUG', text: `sample: ${JSON.stringify({ ...event, type: undefined })}` };
    case 'evidence':
      return { level: event.severity === 'minor' ? 'INFO' : 'WARN', text: `${event.severity}: ${event.what}` };
    case 'verdict':
      return info(`verdict at ${event.checkpoint}: ${event.verdict}: ${event.because.join('; ')}; next: ${event.next}`);
    case 'note':
      return {
        level: event.level === 'warning' ? 'WARN' : event.level === 'debug' ? 'DEBUG' : 'INFO',
        text: event.text,
      };
    case 'run.finished':
      return runFinished(event);
    default:
      return unhandled(event);
  }
}

type EventOf<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;

function info(text: string): LogLine {
  return { level: 'INFO', text };
}

function wholeMs(ms: number): string {
  return `${Math.round(ms)} ms`;
}

function idsOf(steps: readonly { id: string }[]): string {
  return steps.map(({ id }) => id).join(', ') || 'nothing';
}

function statementName(event: EventOf<'statement.started' | 'statement.finished'>): string {
  return `statement ${event.version} ${event.direction} ${event.ordinal}/${event.of}`;
}

function statementFinished(event: EventOf<'statement.finished'>): LogLine {
  const warnings = event.warnings.length === 0 ? '' : `, warnings: ${event.warnings.join('; ')}`;
  const text = `${statementName(event)} finished in ${wholeMs(event.ms)}, rows: ${event.rows}${warnings}`;
  return { level: warnings === '' ? 'INFO' : 'WARN', text };
}

function progress({ id, done, total, unit, perSecond }: EventOf<'progress'>): string {
  const of = total === undefined ? '' : ` of ${Math.round(total)}`;
  const rate = perSecond === undefined ? '' : `, ${Math.round(perSecond)} per second`;
  return `progress ${id}: ${Math.round(done)}${of} ${unit}${rate}`;
}

function check(event: EventOf<'check'>): LogLine {
  const remedy = !event.ok && event.remedy ? `; remedy: ${event.remedy}` : '';
  const text = `check ${event.ok ? 'ok' : event.level}: ${event.group}: ${event.name}: ${event.detail}${remedy}`;
  if (event.ok || event.level === 'advice') return info(text);
  return { level: event.level === 'error' ? 'ERROR' : 'WARN', text };
}

function runFinished(event: EventOf<'run.finished'>): LogLine {
  const { type: _type, command, result, exitCode, production, ms, error, ...facts } = event;
  const ending = `run finished: ${command} ${result}, exit code ${exitCode}, production ${production}, ${wholeMs(ms)}`;
  const kept = Object.entries(facts)
    .filter(([key, value]) => value !== undefined && key !== 'at' && key !== 'run')
    .map(
      ([key, value]) =>
        `; ${key}: ${Array.isArray(value) ? value.join(', ') || 'none' : typeof value === 'object' ? JSON.stringify(value) : value}`,
    );
  const why = error ? `; what failed: ${error.what}; state: ${error.state}; next: ${error.next}` : '';
  return { level: result === 'failed' || result === 'refused' ? 'ERROR' : 'INFO', text: ending + kept.join('') + why };
}

/** A new kind of event does not compile until it has its line. */
function unhandled(event: never): never {
  throw new TypeError(`no log line for the event ${JSON.stringify(event)}`);
}
