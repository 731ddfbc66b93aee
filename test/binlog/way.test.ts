import { expect, test } from 'vitest';
import type { Obstacle, Survey } from '../../src/binlog/survey.ts';
import { chooseWay, describeObstacle, localTime, type Surroundings, stopBefore } from '../../src/binlog/way.ts';

const AT = new Date(2026, 10, 23, 6, 28, 24).getTime() * 1000;
const NAMED: Obstacle = {
  at: { file: 'binlog.000002', position: 1234 },
  committed: { micros: AT, precision: 1 },
  threadId: 12,
  reason: 'it names shop in its text',
  text: 'ALTER TABLE shop.t\n  ADD c INT',
};
const PLACE = 'binlog.000002:1234, 2026-11-23 06:28:24, thread 12';
const DROPS: Obstacle = {
  ...NAMED,
  reason: 'views and triggers may be about what it takes away',
  text: 'DROP TABLE t',
};
const SURVEY = { onlyPrivate: undefined, takesNamesAway: undefined, largestBytes: 100 } as unknown as Survey;
const HERE: Surroundings = {
  hasDependents: true,
  isInPlace: false,
  grantToRepeat: undefined,
  longestStatementBytes: 16 * 1024 * 1024,
  whyNoTwin: undefined,
};
const NO_TWIN = 'the server program of MySQL 9.7.4 is not on this machine, to repeat it apart from production';

test('rows, and statements without a qualified name, go in beside production', () => {
  expect(chooseWay(SURVEY, HERE)).toEqual({ is: 'beside' });
  expect(chooseWay({ ...SURVEY, takesNamesAway: DROPS }, { ...HERE, hasDependents: false })).toEqual({ is: 'beside' });
});

test.each<[string, Partial<Survey>, Partial<Surroundings>, string, string]>([
  [
    'a name',
    { onlyPrivate: NAMED },
    {},
    `${PLACE}: it names shop in its text: ALTER TABLE shop.t ADD c INT`,
    'gateway-migrate restore --until binlog.000002:1234',
  ],
  [
    'what a view may hang on',
    { takesNamesAway: DROPS },
    {},
    `${PLACE}: views and triggers may be about what it takes away: DROP TABLE t`,
    'gateway-migrate restore --until binlog.000002:1234',
  ],
  [
    'in place',
    {},
    { isInPlace: true },
    '--in-place leaves no database beside production',
    'restore without --in-place',
  ],
  [
    'no right',
    {},
    { grantToRepeat: "GRANT REPLICATION_APPLIER ON *.* TO 'a'@'b';" },
    'the account may not repeat rows (BINLOG)',
    "GRANT REPLICATION_APPLIER ON *.* TO 'a'@'b';",
  ],
  [
    'a large row',
    { largestBytes: 30_000_000 },
    {},
    'an event of 30000000 bytes does not fit max_allowed_packet',
    'restore from a machine that has the server program of the same release',
  ],
])('apart from production, or not at all: %s', (_title, survey, surroundings, because, remedy) => {
  const parts = [
    { ...SURVEY, ...survey },
    { ...HERE, ...surroundings },
  ] as const;
  expect(chooseWay(...parts)).toEqual({ is: 'private', because });
  expect(chooseWay(parts[0], { ...parts[1], whyNoTwin: NO_TWIN })).toEqual({
    is: 'none',
    because: `${because}; and ${NO_TWIN}`,
    remedy,
  });
});

test('an event is shown with its place, time, thread and text', () => {
  expect(describeObstacle({ ...NAMED, threadId: undefined, reason: 'it is compressed', text: '' })).toBe(
    'binlog.000002:1234, 2026-11-23 06:28:24: it is compressed',
  );
  expect(stopBefore(NAMED)).toBe('gateway-migrate restore --until binlog.000002:1234');
  expect(localTime(AT)).toBe('2026-11-23 06:28:24');
});
