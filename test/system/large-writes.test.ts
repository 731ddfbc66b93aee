import { expect, it } from 'vitest';
import { systemExec } from '../../src/system/exec.ts';
import { withLargeWrites } from '../../src/system/large-writes.ts';

const COMMAND = { file: 'seq', args: ['1', '100000'], env: { LC_ALL: 'C' } };

it('makes a program write more at a time, and the same', async () => {
  const command = await withLargeWrites(COMMAND, systemExec);
  expect(command).toEqual({ ...COMMAND, file: 'stdbuf', args: ['--output=64K', 'seq', '1', '100000'] });
  const [plain, large] = [await systemExec.run(COMMAND), await systemExec.run(command)];
  expect(large.stdout).toBe(plain.stdout);
});

it.each([
  ['there is no stdbuf', { exitCode: undefined, stderr: 'ENOENT' }],
  ['it cannot work', { exitCode: 125, stderr: "stdbuf: failed to find 'libstdbuf.so'" }],
  ['it is ignored', { exitCode: 0, stderr: 'object cannot be preloaded: ignored' }],
])('leaves it as it is where %s', async (_, tried) => {
  const exit = { ...(await systemExec.run({ file: 'true', args: [] })), ...tried };
  expect(await withLargeWrites(COMMAND, { ...systemExec, run: async () => exit })).toBe(COMMAND);
});
