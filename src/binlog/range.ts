import { join } from 'node:path';
import { unpack } from './events/compressed.ts';
import { EventType } from './events/event.ts';
import { type FileEvent, readLogFile } from './events/file.ts';

/** A place between two events of a server's binary log. */
export interface LogPosition {
  readonly file: string;
  readonly position: number;
}

/** A log, with the byte that it is read up to. */
export interface LoggedFile {
  readonly name: string;
  readonly end: number;
  /** Its copy lacks what stands between its description and this byte; undefined: it is whole. */
  readonly begin?: number;
}

/** A stretch of the binary log, copied into a folder. */
export interface LogRange {
  readonly folder: string;
  /** In order. */
  readonly files: readonly LoggedFile[];
  /** Where in the first one the stretch begins. */
  readonly from: number;
}

export interface RangeEvent extends FileEvent {
  readonly file: string;
}

/**
 * The events of a stretch, in order, unpacked. Every file's description stands in front of its events, also where the stretch begins
 * behind it. Throws an error when the logs are damaged or the beginning is no place between two events.
 */
export async function* readRange(range: LogRange): AsyncGenerator<RangeEvent> {
  for (const [index, { name, end, begin }] of range.files.entries()) {
    const from = index === 0 ? range.from : 0;
    let at = 4;
    for await (const event of readLogFile(join(range.folder, name), end, begin)) {
      if (at < from && event.end > from) throw new Error(`${name} has no event that begins at ${from}`);
      at = event.type === EventType.formatDescription ? (begin ?? event.end) : event.end;
      if (event.start < from && event.type !== EventType.formatDescription) continue;
      yield* unpack({ ...event, file: name });
    }
    if (at < from) throw new Error(`${name} ends at ${at}, before ${from}`);
  }
}

/** The stretch up to a place in it. */
export function cutRange(range: LogRange, until: LogPosition): LogRange {
  const last = range.files.findIndex(({ name }) => name === until.file);
  if (last < 0) throw new Error(`${until.file} is not part of the binary logs since the backup`);
  const files = range.files.slice(0, last + 1);
  return { ...range, files: files.map((file, index) => (index === last ? { ...file, end: until.position } : file)) };
}

/** The stretch from a place in it on. */
export function rangeFrom(range: LogRange, { file, position }: LogPosition): LogRange {
  const first = range.files.findIndex(({ name }) => name === file);
  if (first < 0) throw new Error(`${file} is not part of the binary logs since the backup`);
  return { ...range, files: range.files.slice(first), from: position };
}

/** Throws an error when it holds no log. */
export function endOfRange({ files }: LogRange): LogPosition {
  const last = files.at(-1);
  if (!last) throw new Error('there is no binary log to read');
  return { file: last.name, position: last.end };
}

/** How much there is to read. */
export function rangeBytes({ files, from }: LogRange): number {
  return files.reduce((sum, { end }) => sum + end, -from);
}

/** `binlog.000002:1234` */
export function formatPosition({ file, position }: LogPosition): string {
  return `${file}:${position}`;
}

/** Reads what `formatPosition` has written. */
export function parsePlace(text: string): LogPosition {
  const at = text.lastIndexOf(':');
  return { file: text.slice(0, at), position: Number(text.slice(at + 1)) };
}

/** PURE: the order of the log, to sort by. Names are numbered with six digits, and behind 999999 with more. */
export function comparePlaces(one: LogPosition, other: LogPosition): number {
  if (one.file === other.file) return one.position - other.position;
  return one.file.length - other.file.length || (one.file < other.file ? -1 : 1);
}
