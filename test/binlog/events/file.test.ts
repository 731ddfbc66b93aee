import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { EventType, parseEvent } from '../../../src/binlog/events/event.ts';
import { parseRowsHead } from '../../../src/binlog/events/row-event.ts';
import { cutRange, type LogRange, readRange } from '../../../src/binlog/range.ts';
import { surveyLog } from '../../../src/binlog/survey.ts';
import { subjectOf } from '../support.ts';

const folder = mkdtempSync(join(tmpdir(), 'gm-binlog-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** An event as a server writes it at `start`: header, body, checksum. */
function event(type: number, body: Buffer, start: number): Buffer {
  const bytes = Buffer.alloc(19 + body.length + 4);
  bytes.writeUInt8(type, 4);
  bytes.writeUInt32LE(bytes.length, 9);
  bytes.writeUInt32LE(start + bytes.length, 13);
  body.copy(bytes, 19);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
  return bytes;
}

const MAGIC = Buffer.from('fe62696e', 'hex');
/** The description says that events have checksums. */
const DESCRIPTION = event(EventType.formatDescription, Buffer.of(...Array(80).fill(0), 1), 4);
const FIRST = 4 + DESCRIPTION.length;
const STOP = event(EventType.stop, Buffer.alloc(0), FIRST);
const END = FIRST + STOP.length;

function rangeOf(bytes: Buffer, parts: { end?: number; from?: number } = {}): LogRange {
  writeFileSync(join(folder, 'log.000001'), bytes);
  return { folder, files: [{ name: 'log.000001', end: parts.end ?? bytes.length }], from: parts.from ?? 4 };
}

async function read(range: LogRange): Promise<number[]> {
  const starts: number[] = [];
  for await (const { start } of readRange(range)) starts.push(start);
  return starts;
}

const WHOLE = Buffer.concat([MAGIC, DESCRIPTION, STOP]);

test('a whole log, from its beginning or from a place between two events', async () => {
  expect(await read(rangeOf(WHOLE))).toEqual([4, FIRST]);
  expect(await read(rangeOf(WHOLE, { from: FIRST }))).toEqual([4, FIRST]);
  expect(await read(rangeOf(WHOLE, { from: END }))).toEqual([4]);
});

test('what is no log, or no whole one, is told with the place', async () => {
  const path = join(folder, 'log.000001');
  await expect(read(rangeOf(Buffer.alloc(200)))).rejects.toThrow(`${path} is not a binary log`);
  await expect(read(rangeOf(WHOLE, { end: END - 3 }))).rejects.toThrow(
    `${path} has an event at ${FIRST} that does not end before ${END - 3}`,
  );
  await expect(read(rangeOf(WHOLE, { from: FIRST + 1 }))).rejects.toThrow(
    `log.000001 has no event that begins at ${FIRST + 1}`,
  );
  await expect(read(rangeOf(WHOLE, { from: END + 9 }))).rejects.toThrow(`log.000001 ends at ${END}, before ${END + 9}`);
  const short = Buffer.from(WHOLE);
  short.writeUInt32LE(3, FIRST + 9);
  await expect(read(rangeOf(short))).rejects.toThrow('an event says that it is shorter than its own header');
});

test('an event that is not where it says, or not as it was', () => {
  expect(() => parseEvent(STOP, 900, true)).toThrow(
    `the event at 900 says that it ends at ${END}, not at ${900 + STOP.length}`,
  );
  const flipped = Buffer.from(STOP);
  flipped.writeUInt8(1, 17);
  expect(() => parseEvent(flipped, FIRST, true)).toThrow(`the event at ${FIRST} does not fit its checksum`);
  expect(() => parseRowsHead({ ...parseEvent(STOP, FIRST, true) })).toThrow('an event of type 3 holds no rows');
});

test('a place that is not in the stretch, and a stretch of nothing', async () => {
  expect(() => cutRange(rangeOf(WHOLE), { file: 'log.000009', position: 4 })).toThrow(
    'log.000009 is not part of the binary logs since the backup',
  );
  const nothing = { folder, files: [], from: 4 };
  await expect(surveyLog(nothing, subjectOf('shop'), undefined, new AbortController().signal)).rejects.toThrow(
    'there is no binary log to read',
  );
});
