// Runs the tests once and ends with what was skipped and why, and `N passed, N failed`. Arguments go to vitest.
import { parseCLI, startVitest } from 'vitest/node';

const { filter, options } = parseCLI(['vitest', 'run', ...process.argv.slice(2)]);
const vitest = await startVitest('test', filter, { ...options, watch: false });
const files = vitest.state.getTestModules();
const tests = files.flatMap((file) => [...file.children.allTests()]);
const missing = Object.values(vitest.getRootProject().getProvidedContext().servers ?? {}).flatMap(
  (s) => s.missing ?? [],
);
const count = (state) => tests.filter((test) => test.result().state === state).length;

// A file or a hook that breaks has no failed test of its own.
const brokenFiles = files.filter((file) => file.errors().length > 0 || (!file.ok() && !hasFailedTest(file))).length;
const failed = count('failed') + brokenFiles + vitest.state.getUnhandledErrors().length;
const nothingRan = tests.length === 0;
await vitest.close();

for (const reason of missing) console.log(`Skipped: ${reason}`);
if (count('skipped') > 0) console.log(`${count('skipped')} tests skipped`);
if (nothingRan) console.log('No test was found');
console.log(`${count('passed')} passed, ${failed} failed`);
process.exit(failed > 0 || nothingRan ? 1 : 0);

function hasFailedTest(file) {
  return [...file.children.allTests('failed')].length > 0;
}
