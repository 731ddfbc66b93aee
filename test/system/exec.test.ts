import { expect, test } from 'vitest';
import { describeExit, systemExec } from '../../src/system/exec.ts';

test('a program that warns a lot runs to its end, and the end of what it said is kept', async () => {
  const script =
    "for (let i = 0; i < 20000; i++) process.stderr.write('warning '.repeat(10) + i + '\\n'); console.log('done');";
  const piped = await systemExec.pipe({ file: process.execPath, args: ['-e', script] });
  piped.stdin.end();
  let out = '';
  piped.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  const exit = await piped.exit;
  expect({ code: exit.exitCode, out }).toEqual({ code: 0, out: 'done\n' });
  expect(exit.stderr.length).toBe(64 * 1024);
  expect(exit.stderr.endsWith('19999\n')).toBe(true);
});

test('a program that does not exist is told, not thrown', async () => {
  const command = { file: 'gateway-migrate-no-such-program', args: ['--x', "it's"] };
  const exit = await systemExec.run(command);
  expect(exit.failedToStart).toBe(true);
  expect(describeExit(command, exit)).toMatch(
    /^`gateway-migrate-no-such-program --x 'it'\\''s'` could not be started: .*ENOENT/,
  );
});
