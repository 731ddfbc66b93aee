import { expect, test } from 'vitest';
import { type Check, checkTable } from '../../src/terminal/check-table.ts';
import { plainLook } from '../../src/terminal/look.ts';

function check(name: string, ok: boolean, detail = 'as it should be'): Check {
  return { type: 'check', group: 'tenant', name, ok, level: 'error', detail, remedy: 'mend it' };
}

test('a name that is too long has its detail below, and does not push the others away', () => {
  const long = 'appointment_modification_stats.company_id is a foreign key';
  expect(checkTable([check('short', true), check(long, true)], plainLook)).toEqual([
    'tenant',
    `  ✔ ${'short'.padEnd(40)}  as it should be`,
    `  ✔ ${long}`,
    `${' '.repeat(46)}as it should be`,
  ]);
});

test('a brief table counts a long group that holds, and shows what does not hold', () => {
  const holding = Array.from({ length: 9 }, (_, index) => check(`rule ${index}`, true));
  expect(checkTable(holding, plainLook, { isBrief: true })).toEqual(['tenant', '  ✔ 9 checks  all hold']);
  expect(checkTable([...holding, check('rule 9', false, 'broken')], plainLook, { isBrief: true })).toEqual([
    'tenant',
    '  ✖ rule 9  broken',
    '            → mend it',
  ]);
  expect(checkTable(holding.slice(1), plainLook, { isBrief: true })).toHaveLength(9);
});
