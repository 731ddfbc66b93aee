import { indexOutsideQuotes } from '../load/create-table.ts';
import type { ByteRange } from './manifest.ts';
import { readRange } from './range.ts';

/** The part of a table's section in front of its rows. Bytes read as latin1, so that they can be written back unchanged. */
export interface TableHead {
  /** DROP TABLE, and the character set that the definition is read in. */
  readonly before: string;
  /** CREATE TABLE without its semicolon. */
  readonly create: string;
  /** From that semicolon on. */
  readonly after: string;
  /** Unpacked bytes of the section up to its rows. */
  readonly bytes: number;
}

const CREATE = /^CREATE TABLE /m;
/** A lock of earlier backups goes: one client fills the table, and others would wait for it. */
const ROWS_BEGIN =
  /^(?:LOCK TABLES `(?:[^`]|``)+` WRITE;\n)?\/\*!40000 ALTER TABLE `(?:[^`]|``)+` DISABLE KEYS \*\/;\n/m;
/** It belongs to the rows: they are put in by another client than the one that makes the table. */
const HISTORY_BEGINS = /^\/\*M!101100 SET @old_system_versioning_insert_history=/m;
const ROWS_END = Buffer.from('` ENABLE KEYS */;\n');
const LONGEST_HEAD = 16 * 1024 * 1024;

/** Reads a table's definition. Throws when there is none: then the file is not as the manifest says. */
export async function readHead(file: string, range: ByteRange): Promise<TableHead> {
  let text = '';
  for await (const chunk of readRange(file, range)) {
    text += (chunk as Buffer).toString('latin1');
    const head = splitHead(text, false);
    if (head) return head;
    if (text.length > LONGEST_HEAD) break;
  }
  const head = splitHead(text, true);
  if (!head) throw new Error('its section of the backup holds no CREATE TABLE');
  return head;
}

function splitHead(text: string, isWhole: boolean): TableHead | undefined {
  const start = CREATE.exec(text)?.index;
  const end = start === undefined ? undefined : indexOutsideQuotes(text, ';', start);
  if (start === undefined || end === undefined) return undefined;
  const rows = ROWS_BEGIN.exec(text.slice(end));
  // A table of an engine that keeps none has no rows: what follows can be triggers only.
  if (!rows && !isWhole) return undefined;
  const parts = { before: text.slice(0, start), create: text.slice(start, end) };
  if (!rows) return { ...parts, after: ';\n', bytes: Math.min(end + 2, text.length) };
  const history = HISTORY_BEGINS.exec(text.slice(end, end + rows.index));
  if (history) return { ...parts, after: text.slice(end, end + history.index), bytes: end + history.index };
  return { ...parts, after: text.slice(end, end + rows.index), bytes: end + rows.index + rows[0].length };
}

/**
 * The rest of the section: rows, then `indexes`, then triggers. They stand behind the rows in the dump, so that none
 * fires for a row that is loaded. Nothing in the rows looks like their end: in values a newline is written as `\n`.
 */
export async function* readBody(
  unpacked: AsyncIterable<Buffer>,
  head: TableHead,
  indexes: string | undefined,
): AsyncGenerator<Buffer> {
  const addition = Buffer.from(indexes ?? '', 'latin1');
  let toSkip = head.bytes;
  let isInRows = indexes !== undefined;
  let carried: Buffer = Buffer.alloc(0);
  for await (const chunk of unpacked) {
    const skipped = Math.min(toSkip, chunk.length);
    toSkip -= skipped;
    const bytes = Buffer.concat([carried, chunk.subarray(skipped)]);
    const end = isInRows ? endOfRows(bytes) : undefined;
    if (end !== undefined) {
      isInRows = false;
      yield Buffer.concat([bytes.subarray(0, end), addition, bytes.subarray(end)]);
      carried = Buffer.alloc(0);
      continue;
    }
    const kept = isInRows ? Math.min(ROWS_END.length - 1, bytes.length) : 0;
    yield bytes.subarray(0, bytes.length - kept);
    carried = bytes.subarray(bytes.length - kept);
  }
  yield carried;
  if (isInRows) yield addition;
}

function endOfRows(bytes: Buffer): number | undefined {
  const at = bytes.indexOf(ROWS_END);
  return at === -1 ? undefined : at + ROWS_END.length;
}
