import { describe, expect, test } from 'vitest';
import type { Executions, LogEntry, QuerySeen, Sample, Verdict, Watched } from '../../src/watch/evidence.ts';
import { judgeWatch } from '../../src/watch/verdict.ts';
import { EVERY_MS, look, PAST, verdicts, watched } from './stream.ts';

/** The fault begins here, after a minute of peace. */
const FAULT = 12;
const LOOKS = 40;

type Made = (index: number) => Sample;
const peace: Made = (index) => look(index);
const stream = (fault: Made, before: Made = peace) =>
  Array.from({ length: LOOKS }, (_, index) => (index < FAULT ? before(index) : fault(index)));

const entry = (changes: Partial<LogEntry>): LogEntry => ({
  ...{ path: 'storage/logs/laravel.log', fingerprint: 'SQLSTATE[HY#]', matched: 'major', isError: true, isOld: false },
  ...{ count: 1, text: 'production.ERROR: SQLSTATE[HY000]' },
  ...changes,
});
const logs =
  (changes: Partial<LogEntry>): Made =>
  (index) =>
    look(index, {}, { logs: [entry(changes)] });
const health =
  (status: number | undefined, ms = 30): Made =>
  (index) =>
    look(index, {}, { health: { status, ms } });
const disk =
  (freeShare: number, name = '/var/lib/mysql'): Made =>
  (index) =>
    look(index, {}, { spaces: [{ name, freeShare }] });
const checks =
  (group: string, name: string, detail: string, wasBefore = false): Made =>
  (index) =>
    look(index, {}, index === FAULT ? { data: { rows: {}, broken: [{ group, name, detail, wasBefore }] } } : {});

const ran = (executions: number, meanMs: number, beyondShare: number, errors = 0): Executions => ({
  ...{ executions, errors, timeMs: executions * meanMs, beyond: Math.round(executions * beyondShare) },
});
const query = (changes: Partial<QuerySeen>): QuerySeen => ({
  ...{ digest: 'd1', text: 'SELECT * FROM `callback_requests` WHERE `company_id` = ?', tables: ['callback_requests'] },
  ...{ before: ran(10_000, 2, 0.05), long: ran(600, 2, 0.05), short: ran(100, 2, 0.05) },
  ...changes,
});
const control = (meanMs: number, beyondShare: number) =>
  query({
    ...{ digest: 'c1', text: 'SELECT * FROM `calls`', tables: [], before: ran(50_000, 1, 0.05) },
    ...{ long: ran(3_000, meanMs, beyondShare), short: ran(500, meanMs, beyondShare) },
  });
const queries =
  (...seen: QuerySeen[]): Made =>
  (index) =>
    look(index, {}, index % 6 === 0 ? { queries: seen } : {});

interface Fault {
  readonly title: string;
  readonly fault: Made;
  readonly before?: Made;
  readonly changes?: Partial<Watched>;
  readonly verdict: Verdict;
  /** The first of the reasons. */
  readonly because: string;
}

const SLOW = 'SELECT * FROM `callback_requests` WHERE `company_id` = ?';

const FAULTS: readonly Fault[] = [
  {
    title: 'nothing',
    fault: peace,
    verdict: 'healthy',
    because: '20,000 statements, 40 answers of the site, 0 notable log entries: nothing worse than before the deploy',
  },
  {
    title: 'foreign keys are broken now and then',
    fault: (index) => look(index, index % 2 ? {} : { counts: { foreignKey: 3 }, table: 'callback_requests' }),
    verdict: 'major',
    because:
      'foreign key errors (1451, 1452): 18 in the last 60 s in callback_requests, none in the 1,000,000 statements before the deploy; first at 14:01:00',
  },
  {
    title: 'one foreign key error',
    fault: (index) => look(index, index === LOOKS - 2 ? { counts: { foreignKey: 1 } } : {}),
    verdict: 'minor',
    because:
      'foreign key errors (1451, 1452): 1 in the last 60 s, none in the 1,000,000 statements before the deploy; first at 14:03:10',
  },
  {
    title: 'foreign key errors that nobody has counted before',
    fault: (index) => look(index, { counts: { foreignKey: 1 } }),
    changes: { past: { ...PAST, counts: { foreignKey: null } } },
    verdict: 'minor',
    because:
      'foreign key errors (1451, 1452): 12 in the last 60 s, they happened before the deploy too; first at 14:01:00',
  },
  {
    title: 'a column that is gone',
    fault: (index) => look(index, { counts: { schema: 2 } }),
    verdict: 'major',
    because:
      'errors of unknown tables or columns, or of values that do not fit: 24 in the last 60 s, none in the 1,000,000 statements before the deploy; first at 14:01:00',
  },
  {
    title: 'deadlocks, a hundred times as many',
    fault: (index) => look(index, index % 3 ? {} : { counts: { deadlock: 2 } }),
    verdict: 'major',
    because:
      'deadlocks (1213): 8 in the last 60 s, 12 in the 1,000,000 statements before the deploy; first at 14:01:00',
  },
  {
    title: 'lock waits that time out',
    fault: (index) => look(index, { counts: { lockTimeout: 1 } }),
    verdict: 'major',
    because:
      'lock wait timeouts (1205): 12 in the last 60 s, none in the 1,000,000 statements before the deploy; first at 14:01:00',
  },
  {
    title: 'clients that break off are never worth a rollback',
    fault: (index) => look(index, { counts: { aborted: 20 } }),
    verdict: 'minor',
    because:
      'aborted connections: 240 in the last 60 s, 100 in the 1,000,000 statements before the deploy; first at 14:01:00',
  },
  {
    title: 'the site answers 500',
    fault: health(500),
    verdict: 'major',
    because: 'the site has answered 500 for 135 s, not 200; before the deploy it was well',
  },
  {
    title: 'the site answers 500 as it did before',
    fault: health(500),
    before: health(500),
    changes: { past: { ...PAST, health: [{ status: 500, ms: 5 }] } },
    verdict: 'minor',
    because: 'the site has answered 500 for 195 s, not 200; as before the deploy',
  },
  {
    title: 'the site says nothing, and the database neither',
    fault: (index) => ({ ...look(index), database: undefined, health: { status: undefined, ms: 3_000 } }),
    verdict: 'major',
    because: 'the site has answered nothing for 135 s, not 200; before the deploy it was well',
  },
  {
    title: 'every third answer is wrong',
    fault: (index) => (index % 3 ? look(index) : health(502)(index)),
    verdict: 'major',
    because: 'the site gave a wrong answer 10 of 40 times in the last 5 min (502); first at 14:01:00',
  },
  {
    title: 'the site is slow',
    fault: health(200, 400),
    verdict: 'minor',
    because: 'the site answers after 400 ms, before the deploy after 31 ms',
  },
  {
    title: 'an index is gone: one query is slow',
    fault: queries(query({ long: ran(600, 40, 0.95), short: ran(100, 40, 0.97) }), control(1, 0.05)),
    verdict: 'major',
    because: `a query takes 40 ms, 20.0 times as long as before the deploy (queries on other tables 1.0 times), 95 % slower than 95 % were: ${SLOW}`,
  },
  {
    title: 'everything is slow: load, not guilty',
    fault: queries(query({ long: ran(600, 8, 0.6), short: ran(100, 8, 0.6) }), control(4, 0.6)),
    verdict: 'healthy',
    because: '20,000 statements, 40 answers of the site, 0 notable log entries: nothing worse than before the deploy',
  },
  {
    title: 'a slow query, and nothing to compare it with',
    fault: queries(query({ long: ran(600, 40, 0.95), short: ran(100, 40, 0.97) })),
    verdict: 'minor',
    because: `a query takes 40 ms, 20.0 times as long as before the deploy (there is no other query to compare with), 95 % slower than 95 % were: ${SLOW}`,
  },
  {
    title: 'a slow query that is well again',
    fault: queries(query({ long: ran(600, 10, 0.3), short: ran(100, 2, 0.05) }), control(1, 0.05)),
    verdict: 'healthy',
    because: '20,000 statements, 40 answers of the site, 0 notable log entries: nothing worse than before the deploy',
  },
  {
    title: 'a query fails',
    fault: queries(query({ long: ran(600, 2, 0.05, 60), short: ran(100, 2, 0.05, 10) }), control(1, 0.05)),
    verdict: 'major',
    because: `a query fails 10 of 100 times, 0 of 10,000 before the deploy: ${SLOW}`,
  },
  {
    title: 'a new query fails',
    fault: queries(query({ before: undefined, long: ran(600, 2, 0, 60), short: ran(100, 2, 0, 10) }), control(1, 0.05)),
    verdict: 'major',
    because: `a query fails 10 of 100 times, it is new: ${SLOW}`,
  },
  {
    title: 'a new error in the log, again and again',
    fault: logs({}),
    verdict: 'major',
    because:
      'storage/logs/laravel.log says 28 times, first at 14:01:00; it is new since the deploy: production.ERROR: SQLSTATE[HY000]',
  },
  {
    title: 'a new error in the log, once',
    fault: (index) => (index === FAULT ? logs({})(index) : look(index)),
    verdict: 'minor',
    because:
      'storage/logs/laravel.log says once, first at 14:01:00; it is new since the deploy: production.ERROR: SQLSTATE[HY000]',
  },
  {
    title: 'a thousand times the error of yesterday',
    fault: logs({ isOld: true, count: 1_000 }),
    verdict: 'minor',
    because:
      'storage/logs/laravel.log says 28,000 times, first at 14:01:00; it was there before the deploy: production.ERROR: SQLSTATE[HY000]',
  },
  {
    title: 'what the team calls critical, once',
    fault: (index) => (index === FAULT ? logs({ matched: 'critical' })(index) : look(index)),
    verdict: 'critical',
    because:
      'storage/logs/laravel.log says once, first at 14:01:00; it is new since the deploy: production.ERROR: SQLSTATE[HY000]',
  },
  {
    title: 'an error that no pattern names',
    fault: logs({ matched: undefined }),
    verdict: 'minor',
    because:
      'storage/logs/laravel.log says 28 times, first at 14:01:00; it is new since the deploy: production.ERROR: SQLSTATE[HY000]',
  },
  {
    title: 'orphans',
    fault: checks('orphans', 'staff.company_id → companies.id', '3 keys without a parent: 7, 8, 9'),
    verdict: 'critical',
    because:
      'the check of orphans does not hold: staff.company_id → companies.id: 3 keys without a parent: 7, 8, 9; after the deploy it did hold',
  },
  {
    title: 'orphans that were there',
    fault: checks('orphans', 'staff.company_id → companies.id', '1 key without a parent: 7', true),
    verdict: 'minor',
    because:
      'the check of orphans does not hold: staff.company_id → companies.id: 1 key without a parent: 7; as when the watch began',
  },
  {
    title: 'a foreign key rule that was changed',
    fault: checks('tenant', 'staff', 'ON DELETE RESTRICT, expected CASCADE'),
    verdict: 'major',
    because:
      'the check of tenant does not hold: staff: ON DELETE RESTRICT, expected CASCADE; after the deploy it did hold',
  },
  {
    title: 'a cascade that nobody expected',
    fault: (index) => look(index, {}, { data: { broken: [], rows: { companies: 999, staff: 28 } } }),
    verdict: 'critical',
    because: '12 of 40 rows of staff are gone since the deploy (30 %)',
  },
  {
    title: 'a disk that the deploy has filled',
    fault: disk(0.004),
    verdict: 'major',
    because: 'only 0.4 % of /var/lib/mysql is free, 40 % before the deploy',
  },
  {
    title: 'a disk that was full before',
    fault: disk(0.004),
    changes: { past: { ...PAST, spaces: [{ name: '/var/lib/mysql', freeShare: 0.02 }] } },
    verdict: 'minor',
    because: 'only 0.4 % of /var/lib/mysql is free, 2 % before the deploy',
  },
  {
    title: 'a disk that nobody has looked at before',
    fault: disk(0.004, '/backup'),
    verdict: 'minor',
    because: 'only 0.4 % of /backup is free, nobody knows how much before',
  },
  {
    title: 'a queue',
    fault: (index) => look(index, { threadsRunning: 60 }),
    verdict: 'minor',
    because: '60 statements are at work at once, 2 before the deploy',
  },
  {
    title: 'locks that are not let go',
    fault: (index) => look(index, { lockWaits: 3, blocker: 'connection 17 (app@10.0.0.4, 93 s)' }),
    verdict: 'minor',
    because:
      '3 or more statements have waited for row locks for 60 s; connection 17 (app@10.0.0.4, 93 s) holds the lock',
  },
  {
    title: 'no traffic',
    fault: (index) => look(index, { statements: 0 }),
    before: (index) => look(index, { statements: 1 }),
    verdict: 'inconclusive',
    because: 'only 12 statements of others were seen, at least 50 are needed: without traffic nothing can fail',
  },
  {
    title: 'a database that cannot be asked, and no site',
    fault: (index) => ({ ...look(index), database: undefined, health: undefined }),
    verdict: 'inconclusive',
    because: 'the database could not be asked in the last 60 s',
  },
];

describe('planted faults', () => {
  test.each(FAULTS)('$title: $verdict', ({ fault, before, changes, verdict, because }) => {
    const judged = judgeWatch(watched(stream(fault, before), changes));
    expect({ verdict: judged.verdict, because: judged.because[0] }).toEqual({ verdict, because });
  });

  test('major or worse is known a minute after the fault, by the median', () => {
    const delays = FAULTS.filter(({ verdict }) => verdict === 'major' || verdict === 'critical').map(
      ({ fault, before, changes }) => {
        const found = verdicts(stream(fault, before), changes).findIndex(
          ({ verdict }) => verdict === 'major' || verdict === 'critical',
        );
        return (found - FAULT) * EVERY_MS;
      },
    );
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
    const sorted = delays.toSorted((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(60_000);
  });
});

test('the worst comes first, and every reason is told', () => {
  const both: Made = (index) => look(index, { threadsRunning: 60 }, { health: { status: 500, ms: 5 } });
  const { because, evidence } = judgeWatch(watched(stream(both)));
  expect(because).toEqual([
    'the site has answered 500 for 135 s, not 200; before the deploy it was well',
    '60 statements are at work at once, 2 before the deploy',
  ]);
  expect(evidence.map(({ severity, source, count, baseline }) => [severity, source, count, baseline])).toEqual([
    ['major', 'health', 28, 0],
    ['minor', 'database', 60, 2],
  ]);
});

test('a fault that has passed is not worth a rollback any more', () => {
  const passed: Made = (index) => look(index, index < FAULT + 6 ? { counts: { foreignKey: 5 } } : {});
  const told = verdicts(stream(passed)).map(({ verdict }) => verdict);
  expect(told.slice(FAULT + 2, FAULT + 6)).toEqual(['major', 'major', 'major', 'major']);
  expect(told.at(-1)).toBe('minor');
});
