import { quoteName } from '../../mysql/quote.ts';

interface Replacement {
  readonly from: Buffer;
  readonly to: Buffer;
}

/**
 * The same dump for a database of another name. A dump names its database only where it changes the database's own
 * character set around a trigger, routine or event: there it would change a database that it is not loaded into; and, on
 * MariaDB, in a view whose definer is gone, or that looks into another database.
 */
export async function* renameDatabase(dump: AsyncIterable<Buffer>, from: string, to: string): AsyncGenerator<Buffer> {
  if (from === to) {
    yield* dump;
    return;
  }
  // Both hold a raw newline, as no value does.
  const replacements = [
    replacement((name) => `\nALTER DATABASE ${quoteName(name)} CHARACTER SET `, from, to),
    replacement((name) => ` for database '${name}'\n`, from, to),
  ];
  const longest = Math.max(...replacements.map((one) => one.from.length));
  let carried: Buffer = Buffer.alloc(0);
  for await (const chunk of dump) {
    let bytes: Buffer = Buffer.concat([carried, chunk]);
    for (const one of replacements) bytes = replaceAll(bytes, one);
    const views = renameInViews(bytes, from, to);
    bytes = views.bytes;
    const kept = Math.min(Math.max(longest - 1, views.unfinished), bytes.length);
    yield bytes.subarray(0, bytes.length - kept);
    carried = bytes.subarray(bytes.length - kept);
  }
  yield carried;
}

function replacement(text: (name: string) => string, from: string, to: string): Replacement {
  return { from: Buffer.from(text(from)), to: Buffer.from(text(to)) };
}

const VIEW = Buffer.from('\n/*!50001 VIEW `');

/** `unfinished`: so many bytes at the end are a view whose line has not ended. */
function renameInViews(bytes: Buffer, from: string, to: string): { bytes: Buffer; unfinished: number } {
  const parts: Buffer[] = [];
  let start = 0;
  for (let at = bytes.indexOf(VIEW); at !== -1; at = bytes.indexOf(VIEW, start)) {
    const end = bytes.indexOf('\n', at + 1);
    if (end === -1) return { bytes: Buffer.concat([...parts, bytes.subarray(start)]), unfinished: bytes.length - at };
    parts.push(bytes.subarray(start, at), renameColumns(bytes.subarray(at, end), from, to));
    start = end;
  }
  return { bytes: start === 0 ? bytes : Buffer.concat([...parts, bytes.subarray(start)]), unfinished: 0 };
}

/**
 * Names of three parts, and of two parts where a table stands: elsewhere the first may be a table of the same name as the
 * database.
 */
function renameColumns(line: Buffer, from: string, to: string): Buffer {
  const [old, now] = [from, to].map((name) => Buffer.from(quoteName(name)).toString('latin1')) as [string, string];
  const name = old.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const quoted = '`(?:[^`]|``)*`';
  const pattern = new RegExp(
    `(?<!\\.)${name}(?=\\.${quoted}\\.\`)|(?<=\\b(?:from|join) \\(*)${name}(?=\\.${quoted})`,
    'g',
  );
  return Buffer.from(
    line.toString('latin1').replace(pattern, () => now),
    'latin1',
  );
}

function replaceAll(bytes: Buffer, { from, to }: Replacement): Buffer {
  const parts: Buffer[] = [];
  let start = 0;
  for (let at = bytes.indexOf(from); at !== -1; at = bytes.indexOf(from, start)) {
    parts.push(bytes.subarray(start, at), to);
    start = at + from.length;
  }
  return start === 0 ? bytes : Buffer.concat([...parts, bytes.subarray(start)]);
}
