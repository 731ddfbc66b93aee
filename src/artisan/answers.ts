import { isUtf8 } from 'node:buffer';

export type Direction = 'up' | 'down';

interface Place {
  readonly version: string;
  readonly direction: Direction;
}

/** What the PHP program tells, one object a line; `sql` and `text` in base64, for they may hold any byte. */
export type Answer =
  | { readonly type: 'session'; readonly sqlMode: string; readonly collation: string; readonly timeZone: string }
  | ({ readonly type: 'statement' | 'read'; readonly sql: string } & Place)
  | ({ readonly type: 'failed'; readonly sql: string; readonly error: string } & Place)
  | ({ readonly type: 'rollback' | 'ran' } & Place)
  | ({ readonly type: 'output'; readonly text: string } & Place)
  | Refused
  | { readonly type: 'end' };

/** It goes no further: `rule` says why. */
export interface Refused {
  readonly type: 'refused';
  /** Empty where the application itself could not be started. */
  readonly version: string;
  readonly direction: Direction | 'boot';
  readonly rule: string;
  readonly class: string;
  readonly message: string;
  readonly file: string;
  readonly line: number;
}

export interface Heard {
  readonly answers: readonly Answer[];
  /** What the application and its migrations wrote to standard output beside that. */
  readonly shown: string;
}

/** PURE: `mark` stands in front of each answer; what else is there is the application's own. */
export function readAnswers(output: string, mark: string): Heard {
  const answers: Answer[] = [];
  const shown: string[] = [];
  for (const line of output.split('\n')) {
    if (line.startsWith(mark)) answers.push(JSON.parse(line.slice(mark.length)) as Answer);
    else if (line.trim() !== '') shown.push(line);
  }
  return { answers, shown: shown.join('\n') };
}

export function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}

/** Bytes that are no UTF-8 would come back as others. */
export function isText(base64: string): boolean {
  return isUtf8(Buffer.from(base64, 'base64'));
}
