import { describe, expect, test } from 'vitest';
import { type Check, checkLines, countFindings } from '../../src/terminal/checks-view.ts';
import { plainLook } from '../../src/terminal/look.ts';

function check(name: string, ok: boolean, detail = 'as it should be', about: Partial<Check> = {}): Check {
  return { type: 'check', group: 'tenant', name, ok, level: 'error', detail, ...about };
}

const broken = check('rule 9', false, 'broken', { remedy: 'mend it' });
const advice = (object: string, level: Check['level'] = 'advice') =>
  check(`060203 rows-outlive-tenant`, false, `${object}: its rows stay\nnobody deletes them`, {
    level,
    kind: 'rows-outlive-tenant',
    headline: 'rows outlive their tenant',
    object,
    remedy: `ALTER TABLE ${object}`,
  });

describe('checks that hold', () => {
  const holding = [check('a', true), check('b', true), check('c', true, 'on', { group: 'binary log' })];

  test('are silent on the way to something else', () => {
    expect(checkLines(holding, plainLook, 'findings')).toEqual([]);
  });

  test('are a line a group where they are the answer', () => {
    expect(checkLines(holding, plainLook, 'groups')).toEqual(['✔ tenant      2 checks', '✔ binary log  1 check']);
  });

  test('are all told with --verbose, a long name above its detail', () => {
    const long = 'appointment_modification_stats.company_id is a foreign key';
    expect(checkLines([check('short', true), check(long, true)], plainLook, 'all')).toEqual([
      'tenant',
      `  ✔ ${'short'.padEnd(40)}  as it should be`,
      `  ✔ ${long}`,
      `${' '.repeat(46)}as it should be`,
    ]);
  });
});

describe('what does not hold', () => {
  test('comes first, errors before warnings, with its remedy', () => {
    const warning = check('clock', false, '3 s ahead', { level: 'warning' });
    expect(checkLines([warning, check('a', true), broken], plainLook, 'groups')).toEqual([
      '✖ rule 9  broken',
      '  → mend it',
      '▲ clock  3 s ahead',
      '✔ tenant  1 check',
    ]);
  });

  test('has its paragraph below the headline, over the full width, and its remedy is never cut', () => {
    const detail = `${'appointment_modification_stats '.repeat(4).trim()}\nand why`;
    const remedy = `ALTER TABLE appointment_modification_stats ADD UNIQUE KEY (${'column_name, '.repeat(6)}id)`;
    expect(checkLines([check('060400 up-fails', false, detail, { remedy })], plainLook, 'findings')).toEqual([
      '✖ 060400 up-fails',
      '  appointment_modification_stats appointment_modification_stats',
      '  appointment_modification_stats appointment_modification_stats',
      '  and why',
      `  → ${remedy}`,
    ]);
  });

  test('as advice is gathered by kind: one line of six names', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) => advice(name));
    const gathered = ['• rows-outlive-tenant: rows outlive their tenant', '  a, b, c, d, e, f, and 2 more'];
    expect(checkLines(names, plainLook, 'groups')).toEqual(gathered);
    expect(checkLines(names, plainLook, 'findings')).toEqual(gathered);
    expect(checkLines(names, plainLook, 'all')).toHaveLength(8 * 4);
  });

  test('as the only advice of its kind is told in full where checks are the answer', () => {
    expect(checkLines([advice('a')], plainLook, 'groups')).toEqual([
      '• 060203 rows-outlive-tenant',
      '  a: its rows stay',
      '  nobody deletes them',
      '  → ALTER TABLE a',
    ]);
    expect(checkLines([advice('a')], plainLook, 'findings')).toEqual([
      '• rows-outlive-tenant: rows outlive their tenant',
      '  a',
    ]);
  });

  test('as a hint is shown with --verbose alone', () => {
    expect(checkLines([advice('a', 'hint')], plainLook, 'groups')).toEqual([]);
    expect(checkLines([advice('a', 'hint')], plainLook, 'all')).toHaveLength(4);
  });

  test('is counted: warnings one by one, advice by kind, hints not at all', () => {
    const warning = check('clock', false, '3 s ahead', { level: 'warning' });
    expect(countFindings([warning, advice('a'), advice('b'), advice('c', 'hint')])).toBe(
      '1 warning, 1 piece of advice',
    );
    expect(countFindings([check('a', true), advice('c', 'hint')])).toBeUndefined();
  });
});
