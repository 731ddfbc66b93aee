const QUOTE = 0x27;
const BACKTICK = 0x60;
const OPEN = 0x28;
const CLOSE = 0x29;
const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const BACKSLASH = 0x5c;
const LETTER_V = 0x56;
const VALUES_BYTES = 'VALUES'.length;

/** A value of a row: where it stands, and its string, if it is one, without the quotes. */
interface Value {
  readonly start: number;
  readonly end: number;
  readonly text: { readonly start: number; readonly end: number } | undefined;
}

/**
 * PURE: one INSERT of a dump as statements of at most `most` bytes, to the same rows. A row that is longer by itself is put
 * together from user variables. Throws when a value itself is longer than the server can put together.
 */
export function* splitInsert(statement: Buffer, most: number): Generator<Buffer> {
  const rowsStart = behindValues(statement);
  const head = Buffer.concat([statement.subarray(0, rowsStart), Buffer.from('\n')]);
  let group: Buffer[] = [];
  let bytes = head.length;
  for (const row of rowsOf(statement, rowsStart)) {
    const length = row.end - row.start + 2;
    if (group.length > 0 && bytes + length > most) {
      yield insert(head, group);
      group = [];
      bytes = head.length;
    }
    if (head.length + length > most) yield* longRow(head, statement, row, most);
    else {
      group.push(statement.subarray(row.start, row.end));
      bytes += length;
    }
  }
  if (group.length > 0) yield insert(head, group);
}

function insert(head: Buffer, rows: readonly Buffer[]): Buffer {
  const parts = rows.flatMap((row, index) => (index === 0 ? [row] : [Buffer.from(','), row]));
  return Buffer.concat([head, ...parts, Buffer.from(';\n')]);
}

interface Row {
  readonly start: number;
  readonly end: number;
  readonly values: readonly Value[];
}

function* rowsOf(statement: Buffer, from: number): Generator<Row> {
  for (let at = from; at < statement.length && statement[at] !== SEMICOLON; at++) {
    if (statement[at] !== OPEN) continue;
    const row = readRow(statement, at);
    yield row;
    at = row.end - 1;
  }
}

/** No value of a dump holds a parenthesis outside of a string. */
function readRow(statement: Buffer, open: number): Row {
  const values: Value[] = [];
  let start = open + 1;
  let text: Value['text'];
  for (let at = start; at < statement.length; at++) {
    const byte = statement[at];
    if (byte === QUOTE) {
      const end = endOfString(statement, at);
      text = { start: at + 1, end };
      at = end;
    } else if (byte === COMMA || byte === CLOSE) {
      values.push({ start, end: at, text });
      start = at + 1;
      text = undefined;
      if (byte === CLOSE) return { start: open, end: at + 1, values };
    }
  }
  throw new Error('a row of the dump has no end');
}

function endOfString(statement: Buffer, open: number): number {
  for (let at = open + 1; at < statement.length; at++) {
    if (statement[at] === BACKSLASH) at++;
    else if (statement[at] === QUOTE) {
      if (statement[at + 1] !== QUOTE) return at;
      at++;
    }
  }
  return statement.length;
}

function* longRow(head: Buffer, statement: Buffer, { values }: Row, most: number): Generator<Buffer> {
  // Half, as the parts are put together in a statement with its own words.
  const piece = Math.floor(most / 2);
  const isLong = ({ start, end }: Value) => end - start > most / (values.length + 1) / 2;
  const parts: Buffer[] = [];
  let variables = 0;
  for (const value of values) {
    const written = statement.subarray(value.start, value.end);
    if (!value.text || !isLong(value)) {
      parts.push(written);
      continue;
    }
    const name = `@gateway_migrate_${++variables}`;
    // `_binary` or `x`, if anything.
    const kind = statement.subarray(value.start, value.text.start - 1);
    yield* assemble(name, kind, statement.subarray(value.text.start, value.text.end), { piece, most });
    parts.push(Buffer.from(name));
  }
  const list = parts.flatMap((part, index) => (index === 0 ? [part] : [Buffer.from(','), part]));
  yield insert(head, [Buffer.concat([Buffer.from('('), ...list, Buffer.from(')')])]);
  for (let n = 1; n <= variables; n++) yield Buffer.from(`SET @gateway_migrate_${n} = NULL;\n`);
}

function* assemble(
  name: string,
  kind: Buffer,
  text: Buffer,
  { piece, most }: { piece: number; most: number },
): Generator<Buffer> {
  let isFirst = true;
  let bytes = 0;
  for (let start = 0; start < text.length; ) {
    const { end, unescaped } = cut(text, start, piece);
    bytes += unescaped;
    // The server would make it NULL, with a mere warning.
    if (bytes > most) throw new Error(`a value is longer than the ${most} bytes that max_allowed_packet leaves for it`);
    const literal = [kind, Buffer.from("'"), text.subarray(start, end), Buffer.from("'")];
    yield isFirst
      ? Buffer.concat([Buffer.from(`SET ${name} = `), ...literal, Buffer.from(';\n')])
      : Buffer.concat([Buffer.from(`SET ${name} = CONCAT(${name}, `), ...literal, Buffer.from(');\n')]);
    isFirst = false;
    start = end;
  }
}

/** So many bytes from `start` on that no escape and no character is cut in two. `unescaped`: their length as a value. */
function cut(text: Buffer, start: number, piece: number): { end: number; unescaped: number } {
  let at = start;
  let unescaped = 0;
  while (at < text.length) {
    const isPair = text[at] === BACKSLASH || text[at] === QUOTE;
    const next = at + (isPair ? 2 : 1);
    if (next - start > piece && !(isContinued(text[at]) && next - start <= piece + CONTINUED)) break;
    at = next;
    unescaped++;
  }
  return { end: Math.min(at, text.length), unescaped };
}

/** So many bytes of a character at most stand behind its first. */
const CONTINUED = 3;

/** A byte of UTF-8 that no character begins with. */
function isContinued(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/** Behind the keyword VALUES: outside of quoted names nothing before it has a V. */
function behindValues(statement: Buffer): number {
  let isQuoted = false;
  for (let at = 0; at < statement.length; at++) {
    if (statement[at] === BACKTICK) isQuoted = !isQuoted;
    else if (statement[at] === LETTER_V && !isQuoted) return at + VALUES_BYTES;
  }
  return statement.length;
}
