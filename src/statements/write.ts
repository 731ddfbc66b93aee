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

/** The SQL of all, in their order; neighbours that can be are one statement, which the server reads once. */
export function joinWrites(writes: readonly Write[]): string[] {
  const joined: string[] = [];
  let open: { first: RowWrite; rows: string[] } | undefined;
  const close = () => {
    if (open) joined.push(sqlOf({ ...open.first, row: open.rows.join(', ') }));
    open = undefined;
  };
  for (const write of writes) {
    if (typeof write === 'string') {
      close();
      joined.push(write);
    } else if (open?.first.start === write.start && open.first.end === write.end) {
      open.rows.push(write.row);
    } else {
      close();
      open = { first: write, rows: [write.row] };
    }
  }
  close();
  return joined;
}
