import type { RunEvent } from '../run/events.ts';
import type { Look } from './look.ts';
import { labelStatement } from './statement-label.ts';
import { alignLabels, displayWidth, formatAmount, formatDuration, padToWidth, plural, wrapText } from './style.ts';
import { visibleLine } from './visible.ts';

/** The event of one type, or of one of several. */
export type EventOf<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;

const DURATION_WIDTH = displayWidth('2 m 03 s');
const INDENT = '  ';
/** Durations end here, or at the right edge of a narrower screen. */
const RIGHT_EDGE = 80;

export function headerLines(event: EventOf<'run.started'>, look: Look): string[] {
  const { palette, glyphs } = look;
  const what = palette.strong(`gateway-migrate ${event.command}`);
  const target = event.target === '' ? '' : ` ${palette.quiet(glyphs.dot)} ${event.target}`;
  const log = event.logFile === undefined ? [] : [palette.quiet(`log ${event.logFile}`)];
  return [`${what}${target}`, ...log, ''];
}

export function planLines(event: EventOf<'plan'>, look: Look): string[] {
  const numbered = event.steps.map(({ title }, index) => `${String(index + 1).padStart(4)}. ${title}`);
  const back = event.onFailure.map(({ title }) => `${INDENT}${look.glyphs.advice} ${title}`);
  const wayBack = back.length === 0 ? [] : [look.palette.strong('If something fails'), ...back];
  return [look.palette.strong('Plan'), ...numbered, ...wayBack, ''];
}

interface Result {
  readonly title: string;
  readonly titleWidth: number;
  readonly ms: number;
  readonly isGood: boolean;
  readonly detail?: string | undefined;
}

/** The result of a step: title, detail, and how long it took at the right; a detail that does not fit goes below. */
export function resultLines(result: Result, look: Look, indent = ''): string[] {
  const { palette, glyphs } = look;
  const glyph = result.isGood ? palette.good(glyphs.good) : palette.bad(glyphs.bad);
  const duration = padToWidth(formatDuration(result.ms), DURATION_WIDTH, 'left');
  const room = Math.min(look.width, RIGHT_EDGE) - displayWidth(indent) - 2 - 2 - DURATION_WIDTH;
  const line = (text: string, width: number) => {
    return `${indent}${glyph} ${text}${' '.repeat(Math.max(0, room - width))}${INDENT}${palette.quiet(duration)}`;
  };
  const { title, detail } = result;
  if (!detail) return [line(title, displayWidth(title))];
  const start = `${padToWidth(title, result.titleWidth)}${INDENT}`;
  const width = displayWidth(start) + displayWidth(detail);
  if (width <= room && !detail.includes('\n')) return [line(`${start}${palette.quiet(detail)}`, width)];
  const below = wrapText(detail, look.width - 2 - displayWidth(indent));
  return [line(title, displayWidth(title)), ...indented(below).map((text) => `${indent}${palette.quiet(text)}`)];
}

export function migrationLines(event: EventOf<'migration.finished'>, look: Look): string[] {
  const title = `${event.version} ${event.name}${event.direction === 'down' ? ' (undone)' : ''}`;
  return resultLines({ title, ms: event.ms, isGood: true, titleWidth: 0 }, look, INDENT);
}

export function errorLines(error: string, look: Look): string[] {
  return indented(wrapText(error, look.width - 2)).map(look.palette.bad);
}

export function accidentLines(event: EventOf<'accident'>, look: Look): string[] {
  return indented(wrapText(`${event.time}  ${event.what}  (${event.position})`, look.width - 2)).map(
    look.palette.quiet,
  );
}

/** What an undo meets is said as a warning is. */
export function noteLines(event: EventOf<'note'> | EventOf<'conflict'>, look: Look): string[] {
  const { palette, glyphs, width } = look;
  const isNote = event.type === 'note';
  const text = isNote ? event.text : `${event.table} ${event.key}: ${event.reason}`;
  const [first = '', ...rest] = wrapText(text, width - 2);
  if (!isNote || event.level === 'warning') {
    const glyph = palette.warning(padToWidth(glyphs.warning, 1));
    return [`${glyph} ${palette.warning(first)}`, ...indented(rest).map(palette.warning)];
  }
  const paint = event.level === 'debug' ? palette.quiet : (text: string) => text;
  return indented([first, ...rest]).map(paint);
}

/** A row whose value says that a protection is off, or that something stands in the way. */
const GIVEN_UP = / {2}(?:OFF|NO|NOT READY): /;

export function summaryLines(event: EventOf<'summary'>, look: Look): string[] {
  const { palette, width } = look;
  const rows = indented(alignLabels(event.rows, width - 2));
  const painted = rows.map((row) => (GIVEN_UP.test(row) ? palette.bad(row) : row));
  return ['', palette.strong(event.title), ...painted, ''];
}

/** `callback_requests · 2 of 3 · CREATE TABLE`. */
export function statementText(event: EventOf<'statement.started'>, look: Look): string {
  const { verb, object } = labelStatement(event.sql);
  const position = `${event.ordinal} of ${event.of}`;
  const undo = event.direction === 'down' ? ['undo'] : [];
  return [visibleLine(object ?? event.version), position, ...undo, verb].join(` ${look.glyphs.dot} `);
}

export function statementSqlLines(event: EventOf<'statement.started'>, look: Look): string[] {
  const sql = event.sql.split('\n').map((line) => `${INDENT}${INDENT}${line.trimEnd()}`);
  return [`${INDENT}${statementText(event, look)}`, ...sql.map(look.palette.quiet)];
}

export function statementOutcomeLines(event: EventOf<'statement.finished'>, look: Look): string[] {
  const outcome = `${formatDuration(event.ms)}, ${plural(event.rows, 'row')}`;
  const warnings = event.warnings.map((text) => look.palette.warning(`${look.glyphs.warning} ${text}`));
  return [look.palette.quiet(outcome), ...warnings].map((line) => `${INDENT}${INDENT}${line}`);
}

/** `12.3 MB of 100.0 MB · 4.0 MB/s · 21.0 s left`. */
export function progressText(event: EventOf<'progress'>, look: Look): string {
  const done = formatAmount(event.done, event.unit);
  const of = event.total === undefined ? '' : ` of ${formatAmount(event.total, event.unit)}`;
  const rate =
    event.perSecond === undefined || event.unit === 'ms' ? [] : [`${formatAmount(event.perSecond, event.unit)}/s`];
  const left = event.etaMs === undefined ? [] : [`${formatDuration(event.etaMs)} left`];
  return [`${done}${of}`, ...rate, ...left].join(` ${look.glyphs.dot} `);
}

export function indented(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '' : `${INDENT}${line}`));
}
