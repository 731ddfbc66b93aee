import type { EventOf } from './event-lines.ts';
import type { Look } from './look.ts';
import { displayWidth, padToWidth, wrapText } from './style.ts';

export type Check = EventOf<'check'>;

const MARGIN = '  ';
/** A longer name has its detail on the next line: one name must not push every detail off the screen. */
const WIDEST_NAME = 40;
/** A brief table counts the checks of a group that is longer than this, when all of them hold. */
const BRIEF_GROUP = 8;

export interface CheckTableOptions {
  /** A table on the way to something else: only what a person has to look at is shown in full. */
  readonly isBrief: boolean;
}

/** Checks as one aligned table, grouped in the order the groups first appeared, remedies under what failed. */
export function checkTable(
  checks: readonly Check[],
  look: Look,
  options: CheckTableOptions = { isBrief: false },
): string[] {
  const groups = [...new Set(checks.map((check) => check.group))];
  const members = groups.map((group) => checks.filter((check) => check.group === group));
  const shown = members.map((group) => (options.isBrief ? briefly(group) : group));
  const nameWidth = Math.min(WIDEST_NAME, Math.max(0, ...shown.flat().map((check) => displayWidth(check.name))));
  return shown.flatMap((group, index) => [
    look.palette.strong(groups[index] ?? ''),
    ...group.flatMap((check) => checkRow(check, nameWidth, look)),
  ]);
}

function briefly(group: readonly Check[]): readonly Check[] {
  const [first] = group;
  if (!first || group.length <= BRIEF_GROUP) return group;
  const holding = group.filter((check) => check.ok);
  const counted = { ...first, ok: true, name: `${holding.length} checks`, detail: 'all hold' };
  return holding.length === group.length ? [counted] : [...group.filter((check) => !check.ok)];
}

function checkRow(check: Check, nameWidth: number, look: Look): string[] {
  const name = padToWidth(check.name, nameWidth);
  const margin = ' '.repeat(MARGIN.length + 2 + nameWidth + 2);
  const detail = wrapText(check.detail, Math.max(20, look.width - margin.length));
  const start = `${MARGIN}${checkGlyph(check, look)} ${name}`;
  const isLong = displayWidth(check.name) > nameWidth;
  const [first = '', ...rest] = detail;
  const lines = isLong
    ? [start, ...detail.map((line) => `${margin}${line}`)]
    : [`${start}  ${first}`, ...rest.map((line) => `${margin}${line}`)];
  return [...lines.map((line) => line.trimEnd()), ...remedyRow(check, margin, look)];
}

/** A remedy is never wrapped: most of them are commands, to be copied. */
function remedyRow(check: Check, margin: string, { glyphs, palette }: Look): string[] {
  if (check.ok || !check.remedy) return [];
  return check.remedy.split('\n').map((line) => `${margin}${palette.accent(`${glyphs.remedy} ${line}`)}`);
}

function checkGlyph(check: Check, { glyphs, palette }: Look): string {
  if (check.ok) return palette.good(glyphs.good);
  if (check.level === 'error') return palette.bad(glyphs.bad);
  return check.level === 'warning' ? palette.warning(glyphs.warning) : palette.accent(glyphs.advice);
}
