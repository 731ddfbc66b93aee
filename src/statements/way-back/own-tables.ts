import { DEFAULT_MODES, Lexer } from '../../migrations/sql/lexer.ts';
import { temporaryName } from '../../migrations/temporary.ts';
import type { Migration, Statement } from '../../migrations/types.ts';
import { foldName } from '../../mysql/name.ts';
import type { JournalRow } from '../row.ts';

/** What goes when the tables go that the same run has made, and needs no way back of its own. */
export interface OwnTables {
  /** Ordinals of statements, 1-based. */
  readonly gone: ReadonlySet<number>;
  /** Names of the tables, those included that are gone again. */
  readonly names: ReadonlySet<string>;
  /** Those that are there at the end; undefined where a trigger may have written elsewhere. */
  readonly left: ReadonlySet<string> | undefined;
}

/**
 * DROP of a table that the run itself has made is certain, whatever rows, columns and indexes it has by then. So whatever
 * was done to it alone needs no way back: rows put into it, an index that a foreign key of it has come to use.
 * `madeBefore`: by migrations that go back with this one.
 */
export function ownTables(
  { up }: Pick<Migration, 'up'>,
  done: readonly JournalRow[],
  madeBefore: ReadonlySet<string> = new Set(),
): OwnTables {
  /** Name → the statement that made it; undefined when it was another migration, or it has another name by now. */
  const own = new Map<string, number | undefined>([...madeBefore].map((name) => [name, undefined]));
  const [gone, names] = [new Set<number>(), new Set(madeBefore)];
  /** They end with the connection. */
  const temporaries = new Set<string>();
  let [hasTriggers, isReferred] = [false, false];
  for (const { ordinal, evidence } of done.toSorted((a, b) => a.ordinal - b.ordinal)) {
    const statement = up[ordinal - 1];
    if (!statement) continue;
    const { verb, touches } = statement;
    const temporary = temporaryName(statement);
    if (temporary !== undefined) temporaries.add(temporary);
    const isOwn = objectsOf(statement).every((name) => name !== undefined && (own.has(name) || temporaries.has(name)));
    if (verb === 'CREATE TRIGGER') hasTriggers = true;
    if (verb === 'ALTER TABLE' && !isOwn && /\bREFERENCES\b/i.test(statement.text)) isReferred = true;
    if (isOwn && goesWithIt(statement, { own, temporaries, hasTriggers, isReferred })) gone.add(ordinal);
    if (isOwn && verb === 'DROP TABLE' && touches.every(({ object }) => own.get(nameOf(object)) !== undefined)) {
      for (const { object } of touches) gone.add(own.get(nameOf(object)) as number);
      gone.add(ordinal);
    }
    for (const { action, object, to } of touches.filter(({ object }) => object.startsWith('table:'))) {
      const name = nameOf(object);
      if (action === 'create' && verb === 'CREATE TABLE' && evidence.objects[object] === null) own.set(name, ordinal);
      if (action === 'drop') own.delete(name);
      if (to !== undefined && own.delete(name)) own.set(nameOf(to), undefined);
    }
    for (const name of own.keys()) names.add(name);
  }
  return { gone, names, left: hasTriggers ? undefined : new Set(own.keys()) };
}

interface Circumstances {
  readonly own: ReadonlyMap<string, unknown>;
  readonly temporaries: ReadonlySet<string>;
  readonly hasTriggers: boolean;
  /** A table that was there has got a foreign key: a change of rows may go on there. */
  readonly isReferred: boolean;
}

function goesWithIt(statement: Statement, { own, temporaries, hasTriggers, isReferred }: Circumstances): boolean {
  const { kind, verb, text, touches, foldsNames } = statement;
  const known = (word: string) => (foldsNames ? foldName(word) : word);
  if (kind === 'dml')
    return (
      !hasTriggers &&
      (verb === 'INSERT' || !isReferred) &&
      callsNobody(text, (word) => own.has(known(word)) || temporaries.has(known(word)))
    );
  if (kind === 'truncate' || verb === 'CREATE INDEX' || verb === 'DROP INDEX') return true;
  // A foreign key among them decides in which order they can go; a partition may be exchanged with another table's.
  return (
    verb === 'ALTER TABLE' &&
    touches.every(({ to }) => to === undefined) &&
    !/\b(?:REFERENCES|FOREIGN|EXCHANGE|RENAME)\b/i.test(text)
  );
}

function objectsOf({ touches, writes }: Statement): (string | undefined)[] {
  const touched = touches.map(({ object, schema }) =>
    object.startsWith('table:') && schema === undefined ? nameOf(object) : undefined,
  );
  const all = [...touched, ...writes.map((table) => (table.includes('.') ? undefined : table))];
  return all.length === 0 ? [undefined] : all;
}

/** Of the server's own, and what else may stand in front of a bracket. */
const HARMLESS = new Set(
  `AND ALL AS BY CASE DISTINCT ELSE EXISTS FROM IN INTERVAL INTO JOIN KEY NOT ON OR OVER SELECT SET THEN UNION USING VALUE VALUES
  WHEN WHERE ABS AVG BIN BIN_TO_UUID CAST CEIL CEILING CHAR CHAR_LENGTH COALESCE CONCAT CONCAT_WS CONVERT COUNT CRC32 CURDATE
  CURRENT_DATE CURRENT_TIMESTAMP CURRENT_USER DATE DATE_ADD DATE_FORMAT DATE_SUB DATEDIFF DAY DECIMAL ELT FIELD FLOOR FORMAT
  FROM_BASE64 FROM_UNIXTIME GREATEST GROUP_CONCAT HEX IF IFNULL INSTR JSON_ARRAY JSON_EXTRACT JSON_OBJECT JSON_QUOTE JSON_SET
  JSON_UNQUOTE LEAST LEFT LENGTH LOCATE LOWER LPAD LTRIM MAX MD5 MIN MOD MONTH NOW NULLIF POW RAND REPEAT REPLACE RIGHT ROUND
  ROW_NUMBER RPAD RTRIM SHA1 SHA2 STR_TO_DATE SUBSTR SUBSTRING SUM SYSDATE TIME TIMESTAMP TO_BASE64 TRIM TRUNCATE UNHEX
  UNIX_TIMESTAMP UPPER UTC_TIMESTAMP UUID UUID_TO_BIN VARCHAR YEAR`.split(/\s+/),
);

/** A stored function may write anywhere, and a sequence that has counted does not count back. */
function callsNobody(text: string, isTable: (name: string) => boolean): boolean {
  const lexer = new Lexer(text, DEFAULT_MODES);
  let before = '';
  while (lexer.next()) {
    if (lexer.kind === 'space' || lexer.kind === 'comment') continue;
    const token = text.slice(lexer.start, lexer.end);
    if (token === '(' && before !== '' && !HARMLESS.has(before.toUpperCase()) && !isTable(before)) return false;
    if (/^NEXT$/i.test(before) && /^VALUE$/i.test(token)) return false;
    before = lexer.kind === 'word' ? token : lexer.kind === 'name' ? token.slice(1, -1) : '';
  }
  return true;
}

function nameOf(object: string): string {
  return object.slice(object.indexOf(':') + 1);
}
