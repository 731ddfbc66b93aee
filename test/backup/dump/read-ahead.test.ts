import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ReadAhead } from '../../../src/backup/dump/read-ahead.ts';

/** Chunks of three bytes, counted as they are read; `failing`: the place of an error. */
function sourceOf(count: number, failing?: number) {
  const seen = { read: 0 };
  async function* chunks() {
    for (let index = 0; index < count; index++) {
      seen.read++;
      if (index === failing) throw new Error('the dump broke off');
      yield Buffer.from(String(index).padStart(3, '0'));
    }
  }
  return { seen, chunks: chunks() };
}

async function rest(source: ReadAhead): Promise<string> {
  let text = '';
  for await (const chunk of source) text += chunk.toString();
  return text;
}

test('a dump is read on while something else takes long, and nothing of it is lost or turned round', async () => {
  const { seen, chunks } = sourceOf(10);
  const source = new ReadAhead(chunks, { everyMs: 1, bytes: 6 });
  expect((await source.next()).value?.toString()).toBe('000');
  await source.during(async () => {
    while (seen.read < 5) await setTimeout(1);
  });
  expect(await rest(source)).toBe('001002003004005006007008009');
});

test('without a long wait nothing is read ahead', async () => {
  const { seen, chunks } = sourceOf(10);
  const source = new ReadAhead(chunks);
  await source.next();
  expect(await source.during(async () => 'done')).toBe('done');
  expect(seen.read).toBe(1);
});

test('an error that is met ahead is told behind what came before it, and an end is an end', async () => {
  const { seen, chunks } = sourceOf(4, 3);
  const source = new ReadAhead(chunks, { everyMs: 1, bytes: 100 });
  await source.during(async () => {
    while (seen.read < 4) await setTimeout(1);
  });
  expect((await source.next()).value?.toString()).toBe('000');
  await expect(rest(source)).rejects.toThrow('the dump broke off');
  const short = sourceOf(2);
  const whole = new ReadAhead(short.chunks, { everyMs: 1, bytes: 100 });
  await whole.during(async () => {
    while (short.seen.read < 2) await setTimeout(1);
  });
  expect(await rest(whole)).toBe('000001');
});
