import { ExitCode } from '../errors.ts';
import type { CommandName, RunFinished } from '../run/events.ts';
import { indented } from './event-lines.ts';
import type { Look } from './look.ts';
import { alignLabels, formatDuration, plural } from './style.ts';

/** So many versions are named; the others are counted. */
const MOST_VERSIONS = 3;

/** Commands whose own output says everything: they end without a line when nothing went wrong. */
const LISTINGS: ReadonlySet<CommandName> = new Set(['init', 'new', 'status', 'backup list', 'history', 'report']);

export function isListing(command: CommandName): boolean {
  return LISTINGS.has(command);
}

interface ClosingOptions {
  readonly logFile: string | undefined;
  /** What a deploy's own verification said. */
  readonly verified: string | undefined;
  readonly quiet: boolean;
  readonly phrase?: ((text: string) => string) | undefined;
}

/** The last lines of a run: how it ended, the facts to keep, and after a failure its three parts. */
export function closingLines(event: RunFinished, options: ClosingOptions, look: Look): string[] {
  if (event.result === 'ok' && event.error === undefined && isListing(event.command)) return [];
  const facts = options.quiet ? [] : indented(alignLabels(keyFacts(event, options), look.width - 2));
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
      return `${palette.good(glyphs.good)} ${palette.strong(achievement(event))} in ${took}`;
    case 'cancelled':
      return `${palette.warning(glyphs.warning)} ${command} cancelled, nothing was changed`;
    case 'refused':
      return `${palette.bad(glyphs.bad)} ${palette.strong(`${command} refused`)}`;
    case 'failed':
      return `${palette.bad(glyphs.bad)} ${palette.strong(`${command} failed`)} after ${took}`;
  }
}

/** `Deployed 6 migrations`, `Rolled back 1 migration`; another command has simply finished. */
function achievement({ command, applied = [], reverted = [] }: RunFinished): string {
  if (command === 'deploy' && applied.length > 0) return `Deployed ${plural(applied.length, 'migration')}`;
  if (command === 'rollback' && reverted.length > 0) return `Rolled back ${plural(reverted.length, 'migration')}`;
  return `${command} finished`;
}

function keyFacts(event: RunFinished, { logFile, verified, phrase }: ClosingOptions): [label: string, value: string][] {
  const isDeployed = event.command === 'deploy' && event.result === 'ok' && (event.applied ?? []).length > 0;
  const undo = 'gateway-migrate rollback';
  const facts: [string, string | undefined][] = [
    ['Verdict', event.verdict],
    ['Applied', listOf(event.applied)],
    ['Reverted', listOf(event.reverted)],
    ['Pending', listOf(event.pending)],
    ['Verified', isDeployed ? verified : undefined],
    ['Backup', event.backup],
    ['Saved rows', event.saved],
    ['Loaded back', listOf(event.loaded)],
    ['Site down', windowOf(event)],
    ['Report', event.report],
    ['Undo', isDeployed ? (phrase?.(undo) ?? undo) : undefined],
    ['Log', logFile],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== undefined);
}

/** How long the site was down, and which steps took how much of it. */
export function windowOf({ maintenanceMs, maintenanceParts = {} }: RunFinished): string | undefined {
  if (maintenanceMs === undefined) return undefined;
  const parts = Object.entries(maintenanceParts).map(([step, ms]) => `${step} ${formatDuration(ms)}`);
  return `${formatDuration(maintenanceMs)}${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`;
}

function listOf(versions: readonly string[] | undefined): string | undefined {
  if (versions === undefined || versions.length === 0) return undefined;
  const more = versions.length > MOST_VERSIONS ? [`and ${versions.length - MOST_VERSIONS} more`] : [];
  return [...versions.slice(0, MOST_VERSIONS), ...more].join(', ');
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

/** Commands whose result is the checks: there every one is shown. */
export function isAboutChecks(command: CommandName | undefined): boolean {
  return command === 'doctor' || command === 'verify' || command === 'test';
}
