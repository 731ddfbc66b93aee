/**
 * SQL of the tool's own that writes one row. Several that differ in `row` alone are one statement: `start`, the rows with
 * commas between them, `end`.
 */
export interface RowWrite {
  readonly start: string;
  readonly row: string;
  readonly end: string;
}

/** A write of the tool's own into the journal or the history. */
export type Write = string | RowWrite;

/** The SQL of one write alone. */
export function sqlOf(write: Write): string {
  return typeof write === 'string' ? write : `${write.start}${write.row}${write.end}`;
}

/** Far below every server's `max_allowed_packet`. */
const MOST_TOGETHER = 256 * 1024;

/** PURE: statements in packets, in their order; one that is longer than that has its own. */
export function packetsOf(statements: readonly string[], most: number = MOST_TOGETHER): string[] {
  const packets: string[] = [];
  for (const statement of statements) {
    const last = packets.at(-1);
    if (last !== undefined && last.length + statement.length <= most) packets.splice(-1, 1, `${last};\n${statement}`);
    else packets.push(statement);
  }
  return packets;
}

/** The SQL of all, in their order; neighbours that can be are one statement, which the server reads once. */
export function joinWrites(writes: readonly Write[]): string[] {
  const joined: string[] = [];
  let open: { first: RowWrite; rows: string[]; length: number } | undefined;
  const close = () => {
    if (open) joined.push(sqlOf({ ...open.first, row: open.rows.join(', ') }));
    open = undefined;
  };
  for (const write of writes) {
    if (typeof write === 'string') {
      close();
      joined.push(write);
    } else if (
      open?.first.start === write.start &&
      open.first.end === write.end &&
      open.length + write.row.length <= MOST_TOGETHER
    ) {
      open.rows.push(write.row);
      open.length += write.row.length;
    } else {
      close();
      open = { first: write, rows: [write.row], length: write.row.length };
    }
  }
  close();
  return joined;
}
