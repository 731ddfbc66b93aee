import { stat } from 'node:fs/promises';
import type { ByteRange, Manifest } from './manifest.ts';
import { readRange } from './range.ts';
import { DumpScanner, type Section } from './scanner.ts';

/**
 * What of a backup is loaded. `tables`: only tables, sequences and rows. In a database beside production an event would
 * fire, and a trigger or an ALTER DATABASE that names its database would reach production itself. `but-events`: all but
 * what would fire.
 */
export type Part = 'all' | 'but-events' | 'tables';

/** Unpacks a part of a range of a backup that begins with a section, or with the whole. */
export function readPortion(
  file: string,
  range: ByteRange,
  part: Part = 'all',
  onBytes?: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  const unpacked = readRange(file, range, onBytes);
  if (part === 'all') return unpacked;
  return part === 'tables' ? tablesOnly(unpacked) : butEvents(unpacked);
}

/** PURE: whether a section holds the events. */
export function isEvents({ kind, name }: Pick<Section, 'kind' | 'name'>): boolean {
  return kind === 'other' && name === 'Dumping events for database';
}

async function* butEvents(dump: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const { bytes, isOfEvents } of cut(dump)) if (!isOfEvents) yield bytes;
}

async function* tablesOnly(dump: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const { bytes, isStored, isPreamble } of cut(dump)) if (isPreamble || !isStored) yield bytes;
}

/** The rest of a backup: the statements, in the dump's own words and order, that make its stored objects. */
export async function readStoredText(file: string, signal?: AbortSignal): Promise<Buffer> {
  const { size } = await stat(file);
  const parts: Buffer[] = [];
  for await (const { bytes, isStored, isPreamble } of cut(readRange(file, { offset: 0, length: size }))) {
    signal?.throwIfAborted();
    // A copy: the chunk that it is a part of must not stay in memory for it.
    if (isStored || isPreamble) parts.push(Buffer.from(bytes));
  }
  return Buffer.concat(parts);
}

/** The same of some tables alone: their triggers. */
export async function readStoredOf(file: string, preamble: ByteRange, ranges: readonly ByteRange[]): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of readRange(file, preamble)) parts.push(Buffer.from(chunk));
  for (const range of ranges) {
    for await (const { bytes, isStored } of cut(readRange(file, range))) if (isStored) parts.push(Buffer.from(bytes));
  }
  return Buffer.concat(parts);
}

/** What stands behind the last table: routines, events, and views as they are in the end. */
export async function readAfterTables(file: string, { preamble, tables }: Manifest): Promise<Buffer> {
  const ends = [preamble, ...tables.map(({ range }) => range)].map(({ offset, length }) => offset + length);
  const offset = Math.max(...ends);
  const parts: Buffer[] = [];
  for await (const chunk of readRange(file, { offset, length: (await stat(file)).size - offset })) parts.push(chunk);
  return Buffer.concat(parts);
}

/** The section of the events alone, bytes as latin1; empty where there is none. */
export async function readEventsText(file: string, { preamble, tables }: Manifest): Promise<string> {
  const ends = [preamble, ...tables.map(({ range }) => range)].map(({ offset, length }) => offset + length);
  const offset = Math.max(...ends);
  const parts: Buffer[] = [];
  for await (const { bytes, isOfEvents } of cut(
    readRange(file, { offset, length: (await stat(file)).size - offset }),
  )) {
    if (isOfEvents) parts.push(Buffer.from(bytes));
  }
  return Buffer.concat(parts).toString('latin1');
}

/** A dump in two kinds of pieces. Its preamble sets the character set and the checks that both need. */
async function* cut(dump: AsyncIterable<Buffer>) {
  const scanner = new DumpScanner({ cutsTriggers: true });
  let isPreamble = true;
  let isStored = false;
  let isOfEvents = false;
  for await (const chunk of dump) {
    for (const { begins, bytes } of scanner.read(chunk)) {
      if (begins) {
        isPreamble = false;
        isStored = begins.kind !== 'table' && begins.kind !== 'sequence';
        isOfEvents = isEvents(begins);
      }
      yield { bytes, isStored, isPreamble, isOfEvents };
    }
  }
}
