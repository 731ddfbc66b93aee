import type { EventOf } from './event-lines.ts';
import type { Look } from './look.ts';
import { displayWidth, padToWidth, plural, wrapText } from './style.ts';

export type Check = EventOf<'check'>;

/**
 * How much is shown. `findings`: what a person may want to do something about, on the way to something else. `groups`:
 * that, each with its reason, and a line a group. `all`: every check, hints too.
 */
export type Extent = 'findings' | 'groups' | 'all';

const MARGIN = '  ';
/** A longer name has its detail on the next line: one name must not push every detail off the screen. */
const WIDEST_NAME = 40;
/** Of advice of one kind so many names stand in its line. */
const MOST_NAMES = 6;

/** Checks as lines: what does not hold comes first, each as a headline with its paragraph below. */
export function checkLines(checks: readonly Check[], look: Look, extent: Extent): string[] {
  const shown = extent === 'all' ? checks : checks.filter(({ ok, level }) => ok || level !== 'hint');
  const findings = findingLines(
    shown.filter(({ ok }) => !ok),
    look,
    extent,
  );
  if (extent === 'findings') return findings;
  const holding = shown.filter(({ ok }) => ok);
  return [...findings, ...(extent === 'all' ? everyCheck(holding, look) : everyGroup(holding, look))];
}

/** `2 warnings, 3 pieces of advice`; undefined when there is neither. */
export function countFindings(checks: readonly Check[]): string | undefined {
  const count = (level: Check['level']) => checks.filter((check) => !check.ok && check.level === level).length;
  const warnings = count('warning');
  const advice = kindsOf(checks.filter((check) => !check.ok && check.level === 'advice')).length;
  const told = [
    ...(warnings > 0 ? [plural(warnings, 'warning')] : []),
    ...(advice > 0 ? [`${advice === 1 ? '1 piece' : `${advice} pieces`} of advice`] : []),
  ];
  return told.length > 0 ? told.join(', ') : undefined;
}

function findingLines(findings: readonly Check[], look: Look, extent: Extent): string[] {
  const grave = findings.filter(({ level }) => level === 'error' || level === 'warning');
  const light = findings.filter(({ level }) => level === 'advice' || level === 'hint');
  const advice = extent === 'all' ? light.map((one) => [one]) : kindsOf(light);
  return [
    ...[...grave].sort((a, b) => Number(a.level === 'warning') - Number(b.level === 'warning')),
    ...advice.map((kind) => gather(kind, extent)),
  ].flatMap((check) => finding(check, look));
}

/** Advice of one kind together, in the order in which the kinds first appeared. */
function kindsOf(advice: readonly Check[]): Check[][] {
  const kinds = new Map<string, Check[]>();
  for (const [place, check] of advice.entries()) {
    const key = check.kind ?? `${place}`;
    kinds.set(key, [...(kinds.get(key) ?? []), check]);
  }
  return [...kinds.values()];
}

/** Several of one kind as one line of names; what is said of each stands under `--verbose`. */
function gather(kind: readonly Check[], extent: Extent): Check {
  const [first] = kind as [Check, ...Check[]];
  const isAlone = kind.length === 1;
  if (!first.kind || (isAlone && extent !== 'findings')) return first;
  const names = kind.map(({ object = '' }) => object);
  const more = names.length > MOST_NAMES ? [`and ${names.length - MOST_NAMES} more`] : [];
  const name = first.headline ? `${first.kind}: ${first.headline}` : first.kind;
  return { ...first, name, detail: `\n${[...names.slice(0, MOST_NAMES), ...more].join(', ')}`, remedy: undefined };
}

/** A headline, its paragraph over the full width, and the remedy, never wrapped: most of them are to be copied. */
function finding(check: Check, look: Look): string[] {
  const { glyphs, palette, width } = look;
  const head = `${checkGlyph(check, look)} ${check.name}`;
  const isOneLine = !check.detail.includes('\n') && displayWidth(`${head}  ${check.detail}`) <= width;
  const lines = isOneLine
    ? [`${head}  ${check.detail}`.trimEnd()]
    : [head, ...wrapText(check.detail.trimStart(), Math.max(20, width - 2)).map((line) => `${MARGIN}${line}`)];
  const remedy = check.remedy ? check.remedy.split('\n') : [];
  return [...lines, ...remedy.map((line) => `${MARGIN}${palette.accent(`${glyphs.remedy} ${line}`)}`)];
}

function everyGroup(holding: readonly Check[], look: Look): string[] {
  const groups = groupsOf(holding);
  const widest = Math.max(0, ...groups.map(([name]) => displayWidth(name)));
  return groups.map(([name, members]) => {
    const told = members.length === 1 ? '1 check' : `${members.length} checks`;
    return `${look.palette.good(look.glyphs.good)} ${padToWidth(name, widest)}  ${look.palette.quiet(told)}`;
  });
}

function everyCheck(holding: readonly Check[], look: Look): string[] {
  const nameWidth = Math.min(WIDEST_NAME, Math.max(0, ...holding.map((check) => displayWidth(check.name))));
  return groupsOf(holding).flatMap(([name, members]) => [
    look.palette.strong(name),
    ...members.flatMap((check) => checkRow(check, nameWidth, look)),
  ]);
}

function groupsOf(checks: readonly Check[]): [string, Check[]][] {
  const groups = new Map<string, Check[]>();
  for (const check of checks) groups.set(check.group, [...(groups.get(check.group) ?? []), check]);
  return [...groups];
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
  return lines.map((line) => line.trimEnd());
}

function checkGlyph(check: Check, { glyphs, palette }: Look): string {
  if (check.ok) return palette.good(glyphs.good);
  if (check.level === 'error') return palette.bad(glyphs.bad);
  return check.level === 'warning' ? palette.warning(glyphs.warning) : palette.accent(glyphs.advice);
}
