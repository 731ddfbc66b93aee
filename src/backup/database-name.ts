import { quoteName } from '../mysql/quote.ts';

interface Replacement {
  readonly from: Buffer;
  readonly to: Buffer;
}

/**
 * The same dump for a database of another name. A dump names its database only where it changes the database's own
 * character set around a trigger, routine or event: there it would change a database that it is not loaded into.
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
    const kept = Math.min(longest - 1, bytes.length);
    yield bytes.subarray(0, bytes.length - kept);
    carried = bytes.subarray(bytes.length - kept);
  }
  yield carried;
}

function replacement(text: (name: string) => string, from: string, to: string): Replacement {
  return { from: Buffer.from(text(from)), to: Buffer.from(text(to)) };
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
