import { readdirSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { systemExec } from '../../src/system/exec.ts';
import { Secret } from '../../src/system/secret.ts';
import { temporaryFolder } from '../support/folder.ts';

/** Ten megabytes of numbered lines, said with a warning on standard error. */
const LINES = 1_000_000;
const seq = { file: 'sh', args: ['-c', `echo careful >&2; seq -f %09.0f 1 ${LINES}`] };
const EXPECTED = Array.from({ length: LINES }, (_, i) => `${String(i + 1).padStart(9, '0')}\n`).join('');

describe('output read into one buffer', () => {
  it.each([
    ['at once', async () => undefined],
    ['by one who is slow', () => turn()],
  ])('comes whole and in order, %s', async (_, pause) => {
    const temporary = temporaryFolder();
    vi.stubEnv('TMPDIR', temporary);
    const program = await systemExec.read(seq);
    expect(readdirSync(temporary)).toEqual([]);
    vi.unstubAllEnvs();
    const memory = new Set<ArrayBufferLike>();
    let text = '';
    for await (const chunk of program.chunks) {
      memory.add(chunk.buffer);
      text += chunk.toString('latin1');
      await pause();
    }
    expect(text === EXPECTED).toBe(true);
    expect(memory.size).toBe(1);
    expect(await program.exit).toMatchObject({ exitCode: 0, stderr: 'careful\n', failedToStart: false });
  });

  it('ends where the program was killed, which its exit tells', async () => {
    const program = await systemExec.read({ file: 'sh', args: ['-c', 'echo begun; exec sleep 60'] });
    let text = '';
    for await (const chunk of program.chunks) {
      text += chunk.toString();
      program.kill();
    }
    expect(text).toBe('begun\n');
    expect(await program.exit).toMatchObject({ exitCode: undefined, signal: 'SIGKILL', failedToStart: false });
  });

  it('ends when it is aborted', async () => {
    const abort = new AbortController();
    const program = await systemExec.read({ file: 'yes', args: [] }, { signal: abort.signal });
    for await (const chunk of program.chunks) if (chunk.length > 0) abort.abort();
    expect(await program.exit).toMatchObject({ signal: 'SIGKILL', failedToStart: false });
  });

  it('ends the program when nobody wants the rest', async () => {
    const program = await systemExec.read({ file: 'yes', args: [] });
    for await (const chunk of program.chunks) {
      expect(chunk.toString('latin1', 0, 2)).toBe('y\n');
      break;
    }
    expect(await program.exit).toMatchObject({ failedToStart: false });
  });

  it('is nothing from a program that does not exist', async () => {
    const program = await systemExec.read({ file: 'gateway-migrate-no-such-program', args: [] });
    for await (const chunk of program.chunks) expect.fail(chunk.toString());
    expect(await program.exit).toMatchObject({ exitCode: undefined, failedToStart: true });
  });

  it('gives the program what it may read as a secret', async () => {
    const program = await systemExec.read({ file: 'cat', args: ['/dev/fd/3'], secrets: [new Secret('hidden')] });
    let text = '';
    for await (const chunk of program.chunks) text += chunk.toString();
    expect(text).toBe('hidden');
  });
});
