import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openRunJournal } from '../../src/run/folder.ts';
import { progressOf, readProgress } from '../../src/run/journal.ts';
import { temporaryFolder } from '../support/folder.ts';

const at = '2026-01-01T00:00:00.000+00:00';

test('a step is what its last line says', () => {
  const progress = progressOf([
    { step: 'backup', state: 'started', at },
    { step: 'backup', state: 'finished', at },
    { step: 'migrate', state: 'started', at },
    { step: 'migrate', state: 'failed', at, error: 'no' },
  ]);
  expect([...progress.steps]).toEqual([
    ['backup', 'finished'],
    ['migrate', 'failed'],
  ]);
  expect(progress.turnedBack).toBeUndefined();
  expect(progress.isFinished).toBe(false);
});

test('knows that a run turned back, and why, and that it ended', () => {
  const progress = progressOf([
    { step: 'migrate', state: 'failed', at, error: 'no' },
    { run: 'turned-back', at, error: 'no' },
    { run: 'finished', at: '2026-01-02T00:00:00.000+00:00', result: 'unchanged' },
  ]);
  expect(progress).toMatchObject({ turnedBack: 'no', isFinished: true, lastAt: '2026-01-02T00:00:00.000+00:00' });
});

test('a run that found no way back goes forward again', () => {
  const lines = [
    { run: 'turned-back', at, error: 'no' },
    { run: 'turned-forward', at },
  ] as const;
  expect(progressOf(lines)).toMatchObject({ turnedBack: undefined, isFinished: false });
});

test('an empty journal says nothing was begun', () => {
  expect(progressOf([])).toMatchObject({
    steps: new Map(),
    turnedBack: undefined,
    isFinished: false,
    lastAt: undefined,
  });
});

test('a journal that was never written reads as empty', async () => {
  expect((await readProgress(join(temporaryFolder(), 'journal.ndjson'))).steps.size).toBe(0);
});

test.each(['{"step":"migrate","sta', '{"step":"migrate"}', 'null', '\u0000\u0000'])(
  'the torn last line %j says nothing, and the next line stands alone',
  async (torn) => {
    const folder = temporaryFolder();
    const path = join(folder, 'journal.ndjson');
    writeFileSync(path, `${JSON.stringify({ step: 'backup', state: 'finished', at })}\n${torn}`);
    expect([...(await readProgress(path)).steps]).toEqual([['backup', 'finished']]);
    const journal = openRunJournal(folder);
    journal.append({ step: 'migrate', state: 'started', at });
    journal.close();
    expect([...(await readProgress(path)).steps]).toEqual([
      ['backup', 'finished'],
      ['migrate', 'started'],
    ]);
  },
);
