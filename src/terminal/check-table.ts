import type { EventOf } from './event-lines.ts';
import type { Look } from './look.ts';
import { displayWidth, padToWidth, wrapText } from './style.ts';

export type Check = EventOf<'check'>;

const MARGIN = '  ';

/** Checks as one aligned table, grouped in the order the groups first appeared, remedies under what failed. */
export function checkTable(checks: readonly Check[], look: Look): string[] {
  const nameWidth = Math.max(0, ...checks.map((check) => displayWidth(check.name)));
  const groups = [...new Set(checks.map((check) => check.group))];
  return groups.flatMap((group) => [
    look.palette.strong(group),
    ...checks.filter((check) => check.group === group).flatMap((check) => checkRow(check, nameWidth, look)),
  ]);
}

function checkRow(check: Check, nameWidth: number, look: Look): string[] {
  const name = padToWidth(check.name, nameWidth);
  const margin = ' '.repeat(MARGIN.length + 2 + nameWidth + 2);
  const detail = wrapText(check.detail, Math.max(20, look.width - margin.length));
  const [first = '', ...rest] = detail;
  return [
    `${MARGIN}${checkGlyph(check, look)} ${name}  ${first}`.trimEnd(),
    ...rest.map((line) => `${margin}${line}`),
    ...remedyRow(check, margin, look),
  ];
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
