// Runs the tests once; the last line is `N passed, N failed`, before it stands what took long, what failed and what was
// skipped. Arguments go to vitest.
import { parseCLI, startVitest } from 'vitest/node';

const { filter, options } = parseCLI(['vitest', 'run', ...process.argv.slice(2)]);
const vitest = await startVitest('test', filter, { ...options, watch: false });
const files = vitest.state.getTestModules();
const tests = files.flatMap((file) => [...file.children.allTests()]);
const count = (state) => tests.filter((test) => test.result().state === state).length;

// A file or a hook that breaks leaves no failed test behind.
const broken = files
  .flatMap((file) => [file, ...file.children.allSuites()])
  .filter((suite) => suite.errors().length > 0);
const failed = count('failed') + broken.length + vitest.state.getUnhandledErrors().length;
const nothingRan = tests.length === 0;
await vitest.close();

const seconds = (file) => Math.round(file.diagnostic().duration / 1_000);
const slowest = files.toSorted((a, b) => seconds(b) - seconds(a)).slice(0, 25);
console.log(`Slowest files: ${slowest.map((file) => `${file.relativeModuleId} ${seconds(file)} s`).join(', ')}`);
for (const test of tests.filter((one) => one.result().state === 'failed')) {
  console.log(`Failed: ${test.module.relativeModuleId} > ${test.fullName}`);
}
for (const { message } of tests.flatMap((test) => test.annotations())) console.log(message);
const reasons = new Set(tests.map((test) => test.result().note).filter(Boolean));
for (const reason of reasons) console.log(`Skipped: ${reason}`);
if (count('skipped') > 0) console.log(`${count('skipped')} tests skipped`);
if (nothingRan) console.log('No test was found');
console.log(`${count('passed')} passed, ${failed} failed`);
process.exit(failed > 0 || nothingRan ? 1 : 0);
