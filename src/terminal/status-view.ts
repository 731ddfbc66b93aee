import { indented } from './event-lines.ts';
import { type Look, plainLook } from './look.ts';
import { alignRows, formatDuration, plural, wrapText } from './style.ts';
import { visibleDeep } from './visible.ts';

/** A database and its migration files, compared. */
export interface MigrationStatus {
  readonly applied: readonly { version: string; name: string; at: string; ms: number }[];
  /** `statements`: how many its up section has; undefined while its PHP was not translated. */
  readonly pending: readonly { version: string; name: string; statements: number | undefined }[];
  /** Edited after they were applied. */
  readonly changed: readonly { version: string; name: string }[];
  /** Applied, and no file is there any more. */
  readonly missing: readonly { version: string; name: string }[];
  readonly unfinished?: UnfinishedRun | undefined;
}

export interface UnfinishedRun {
  readonly run: string;
  readonly command: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** The last thing that was begun, for people: `callback_requests · 2 of 3 · CREATE TABLE`. */
  readonly lastStatement: string | undefined;
  readonly outcome: 'done' | 'not done' | 'unknown';
  /** It has taken the site down and not brought it up again. */
  readonly isSiteDown: boolean;
  /** It has told the workers to pause, and not to go on again. */
  readonly hasPausedWorkers: boolean;
  /** `rollback` takes it: it is not a way back itself, and not one transaction that is done or never was. */
  readonly canBeUndone: boolean;
}

/** The lines of `status`: what needs a person comes last, next to the prompt. */
export function renderStatus(given: MigrationStatus, look: Look = plainLook): string[] {
  const status = visibleDeep(given);
  const sections = [
    appliedSection(status, look),
    pendingSection(status, look),
    changedSection(status, look),
    missingSection(status, look),
    unfinishedSection(status.unfinished, look),
  ].filter((section) => section.length > 0);
  return sections.flatMap((section, index) => (index === 0 ? section : ['', ...section]));
}

function appliedSection({ applied }: MigrationStatus, { palette, glyphs }: Look): string[] {
  if (applied.length === 0) return [palette.strong('Applied: none')];
  const rows = applied.map(({ version, name, at, ms }) => [
    palette.good(glyphs.good),
    version,
    name,
    palette.quiet(withoutFraction(at)),
    palette.quiet(formatDuration(ms)),
  ]);
  return [palette.strong(`Applied: ${applied.length}`), ...indented(alignRows(rows))];
}

function pendingSection({ pending }: MigrationStatus, { palette, glyphs }: Look): string[] {
  if (pending.length === 0) return [palette.strong('Pending: none')];
  const rows = pending.map(({ version, name, statements }) => [
    palette.accent(glyphs.advice),
    version,
    name,
    palette.quiet(statements === undefined ? 'PHP, not translated yet' : plural(statements, 'statement')),
  ]);
  return [palette.strong(`Pending: ${pending.length}`), ...indented(alignRows(rows))];
}

function changedSection({ changed }: MigrationStatus, { palette, glyphs }: Look): string[] {
  if (changed.length === 0) return [];
  const rows = changed.map(({ version, name }) => [palette.warning(glyphs.warning), version, name]);
  return [palette.strong(`Changed since they were applied: ${changed.length}`), ...indented(alignRows(rows))];
}

function missingSection({ missing }: MigrationStatus, { palette, glyphs }: Look): string[] {
  if (missing.length === 0) return [];
  const rows = missing.map(({ version, name }) => [palette.warning(glyphs.warning), version, name]);
  return [palette.strong(`Applied, but the file is missing: ${missing.length}`), ...indented(alignRows(rows))];
}

const OUTCOMES: Record<UnfinishedRun['outcome'], string> = {
  done: 'it took effect',
  'not done': 'it did not take effect',
  unknown: 'whether it took effect is not known yet',
};

function unfinishedSection(run: UnfinishedRun | undefined, { palette, glyphs, width }: Look): string[] {
  if (run === undefined) return [];
  const headline = `The ${run.command} ${run.run} of ${withoutFraction(run.startedAt)} was cut off`;
  const where =
    run.lastStatement === undefined
      ? 'No statement of it was begun.'
      : `The last statement begun was ${run.lastStatement}: ${OUTCOMES[run.outcome]}.`;
  return [
    `${palette.bad(glyphs.bad)} ${palette.strong(headline)}`,
    ...indented(wrapText(where, width - 2)),
    ...(run.isSiteDown ? ['  It has left the site in maintenance: what ends the run brings the site up.'] : []),
    ...(run.hasPausedWorkers ? ['  It has paused the workers: what ends the run lets them go on.'] : []),
    '',
    '  To finish it, type:',
    '',
    '  gateway-migrate resume',
    ...(run.canBeUndone ? ['', '  To undo what it did, type:', '', '  gateway-migrate rollback'] : []),
  ];
}

/** `2026-11-23 09:30:00 +01:00`: to the second, for people. Text that is no ISO time stays as it is. */
function withoutFraction(iso: string): string {
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)?$/.exec(iso);
  if (!match) return iso;
  return [match[1], match[2], match[3] === 'Z' ? 'UTC' : match[3]].filter(Boolean).join(' ');
}
