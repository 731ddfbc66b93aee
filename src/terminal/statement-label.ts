const LEADING_COMMENT = /^(?:\s+|--[^\n]*(?:\n|$)|#[^\n]*(?:\n|$)|\/\*(?![!+])[\s\S]*?\*\/)+/;
const NAME = '(?:`(?:[^`]|``)+`|"[^"]+"|[\\w$]+)';
const DDL = new RegExp(
  '^(CREATE|ALTER|DROP|TRUNCATE|RENAME)\\s+' +
    '(?:OR\\s+REPLACE\\s+|TEMPORARY\\s+|UNIQUE\\s+|FULLTEXT\\s+|SPATIAL\\s+|DEFINER\\s*=\\s*\\S+\\s+|ALGORITHM\\s*=\\s*\\w+\\s+|SQL\\s+SECURITY\\s+\\w+\\s+)*' +
    `(?:(TABLE|INDEX|VIEW|TRIGGER|PROCEDURE|FUNCTION|EVENT|SEQUENCE|DATABASE)\\s+)?(?:IF\\s+(?:NOT\\s+)?EXISTS\\s+)?(?:${NAME}\\s*\\.\\s*)?(${NAME})`,
  'i',
);
const DML = new RegExp(
  `^(INSERT|REPLACE|UPDATE|DELETE)\\s+(?:LOW_PRIORITY\\s+|DELAYED\\s+|HIGH_PRIORITY\\s+|QUICK\\s+|IGNORE\\s+|INTO\\s+|FROM\\s+)*(?:${NAME}\\s*\\.\\s*)?(${NAME})`,
  'i',
);

/** What a statement is about, for a line on a terminal: its first words, and the object that it names. */
export interface StatementLabel {
  /** In upper case: `CREATE TABLE`. */
  readonly verb: string;
  readonly object: string | undefined;
}

/** Reads the label off the text. For people only: nothing is decided by it. */
export function labelStatement(sql: string): StatementLabel {
  const text = sql.replace(LEADING_COMMENT, '');
  const ddl = DDL.exec(text);
  if (ddl) return { verb: [ddl[1], ddl[2]].filter(Boolean).join(' ').toUpperCase(), object: unquote(ddl[3]) };
  const dml = DML.exec(text);
  if (dml) return { verb: String(dml[1]).toUpperCase(), object: unquote(dml[2]) };
  return { verb: (/^\w+/.exec(text)?.[0] ?? 'statement').toUpperCase(), object: undefined };
}

function unquote(name: string | undefined): string | undefined {
  if (name?.startsWith('`')) return name.slice(1, -1).replaceAll('``', '`');
  return name?.startsWith('"') ? name.slice(1, -1) : name;
}
