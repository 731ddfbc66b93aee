import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The files that take longest, longest first: one of them begun last would run alone, beside an idle worker. */
const LONG = [
  'commands/demo',
  'crash/statements',
  'faults/restore-disk-full',
  'faults/restore-server-killed',
  'crash/saved-rows',
  'e2e/saved-rows',
  'rehearsal/paper-checks',
  'rehearsal/faults',
  'e2e/accident',
  'faults/blocked',
  'e2e/rollback',
  'e2e/laravel',
  'faults/server-killed',
  'e2e/exit-codes',
  'faults/network',
  'faults/torn-journal',
  'faults/two-at-once',
  'crash/events',
  'crash/restore',
  'backup/failures',
].map((name) => `/test/${name}.test.ts`);

/** Vitest knows how long a file takes from the run before; in a fresh clone it goes by the size of the file. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const index = LONG.findIndex((name) => moduleId.endsWith(name));
      return index < 0 ? LONG.length : index;
    };
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    sequence: { sequencer: LongestFirst },
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
