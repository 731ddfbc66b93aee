import { type Moment, parseMoment } from '../moment.ts';
import { formatPosition } from '../range.ts';

/** How a user names transactions of the log: all that a run of the tool did, or the one at a place. */
export type TransactionName = Extract<Moment, { is: 'run' } | { is: 'position' }>;

/** Reads what `--flashback` and `--leave-out` are given: undefined when it is neither a run nor a place. */
export function parseName(text: string): TransactionName | undefined {
  const moment = parseMoment(text);
  return moment?.is === 'run' || moment?.is === 'position' ? moment : undefined;
}

/** As the user has written it, or could have. */
export function formatName(name: TransactionName): string {
  return name.is === 'run' ? name.run : formatPosition(name);
}
