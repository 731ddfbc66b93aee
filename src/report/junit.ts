import type { RunEvent } from '../run/events.ts';

type Check = Extract<RunEvent, { type: 'check' }>;

/**
 * Checks as JUnit XML, a suite a group, as CI servers read it. What fails `verify` is a failure; warnings and advice stand
 * in the output of a case that passed. PURE. The form is that of the Apache Ant task; it has no specification of its own.
 */
export function junitXml(checks: readonly Check[], ms: number): string {
  const groups = new Map<string, Check[]>();
  for (const check of checks) groups.set(check.group, [...(groups.get(check.group) ?? []), check]);
  const counts = (some: readonly Check[]) => `tests="${some.length}" failures="${some.filter(isFailure).length}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="gateway-migrate verify" ${counts(checks)} errors="0" time="${(ms / 1000).toFixed(3)}">`,
    ...[...groups].flatMap(([group, members]) => [
      `  <testsuite name="${escaped(group)}" ${counts(members)} errors="0" skipped="0">`,
      ...members.flatMap(caseLines),
      '  </testsuite>',
    ]),
    '</testsuites>',
    '',
  ].join('\n');
}

function caseLines(check: Check): string[] {
  const head = `    <testcase classname="${escaped(check.group)}" name="${escaped(check.name)}"`;
  if (check.ok) return [`${head}/>`];
  const text = escaped([check.detail, check.remedy].filter((part) => part !== undefined).join('\n'));
  const [first = ''] = check.detail.split('\n');
  const inner = isFailure(check)
    ? `<failure type="${check.level}" message="${escaped(first)}">${text}</failure>`
    : `<system-out>${check.level}: ${text}</system-out>`;
  return [`${head}>`, `      ${inner}`, '    </testcase>'];
}

function isFailure({ ok, level }: Check): boolean {
  return !ok && level === 'error';
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Characters that XML 1.0 cannot hold at all (section 2.2 "Characters") become U+FFFD. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '\u{fffd}')
    .replace(/[&<>"]/g, (one) => ENTITIES[one] ?? one);
}
