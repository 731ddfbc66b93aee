import { ExitCode } from '../errors.ts';
import type { CommandName, RunFinished } from '../run/events.ts';
import { indented } from './event-lines.ts';
import type { Look } from './look.ts';
import { alignLabels, formatDuration } from './style.ts';

/** Commands whose own output says everything: they end without a line when nothing went wrong. */
const LISTINGS: ReadonlySet<CommandName> = new Set(['init', 'new', 'status', 'backup list', 'history', 'report']);

export function isListing(command: CommandName): boolean {
  return LISTINGS.has(command);
}

interface ClosingOptions {
  readonly logFile: string | undefined;
  readonly quiet: boolean;
}

/** The last lines of a run: how it ended, the facts to keep, and after a failure its three parts. */
export function closingLines(event: RunFinished, options: ClosingOptions, look: Look): string[] {
  if (event.result === 'ok' && event.error === undefined && isListing(event.command)) return [];
  const facts = options.quiet ? [] : indented(alignLabels(keyFacts(event, options.logFile), look.width - 2));
  const headline = headlineOf(event, look);
  if (event.error === undefined) {
    const gap = options.quiet ? [] : [''];
    return [...gap, headline, ...(facts.length > 0 ? ['', ...facts] : [])];
  }
  return [...(facts.length > 0 ? ['', ...facts] : []), '', headline, '', ...failureLines(event.error, look)];
}

function headlineOf(event: RunFinished, { glyphs, palette }: Look): string {
  const took = formatDuration(event.ms);
  const { command } = event;
  if (event.exitCode === ExitCode.interrupted) return `${palette.bad(glyphs.bad)} ${command} interrupted after ${took}`;
  if (event.exitCode === ExitCode.finding) {
    return `${palette.warning(glyphs.warning)} ${command} found problems, in ${took}`;
  }
  switch (event.result) {
    case 'ok':
      return `${palette.good(glyphs.good)} ${palette.strong(`${command} finished`)} in ${took}`;
    case 'cancelled':
      return `${palette.warning(glyphs.warning)} ${command} cancelled, nothing was changed`;
    case 'refused':
      return `${palette.bad(glyphs.bad)} ${palette.strong(`${command} refused`)}`;
    case 'failed':
      return `${palette.bad(glyphs.bad)} ${palette.strong(`${command} failed`)} after ${took}`;
  }
}

function keyFacts(event: RunFinished, logFile: string | undefined): [label: string, value: string][] {
  const facts: [string, string | undefined][] = [
    ['Applied', listOf(event.applied)],
    ['Reverted', listOf(event.reverted)],
    ['Pending', listOf(event.pending)],
    ['Backup', event.backup],
    ['Saved rows', event.saved],
    ['Loaded back', listOf(event.loaded)],
    ['Maintenance', event.maintenanceMs === undefined ? undefined : formatDuration(event.maintenanceMs)],
    ['Report', event.report],
    ['Log', logFile],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== undefined);
}

function listOf(versions: readonly string[] | undefined): string | undefined {
  if (versions === undefined || versions.length === 0) return undefined;
  return versions.join(', ');
}

/** The next command stands alone on the last line, unwrapped and uncoloured, to be copied. */
function failureLines(error: NonNullable<RunFinished['error']>, look: Look): string[] {
  const rows = alignLabels(
    [
      ['What failed', error.what],
      ['State now', error.state],
      ['Type next', ''],
    ],
    look.width - 2,
  );
  return [...indented(rows), '', ...indented(error.next.split('\n'))];
}
