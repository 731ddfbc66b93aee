import { aliasedTables, type TableReference } from '../sql/table-references.ts';
import type { Tokens } from '../sql/tokens.ts';
import { type Classification, dml, plain, writtenName } from './classification.ts';

const MODIFIERS = ['LOW_PRIORITY', 'DELAYED', 'HIGH_PRIORITY', 'QUICK', 'IGNORE'];

/** INSERT and REPLACE; the tokens stand behind the verb. */
export function classifyInsert(tokens: Tokens, verb: string): Classification {
  tokens.skip(...MODIFIERS, 'INTO');
  const table = tokens.name();
  return dml(verb, table ? [writtenName(table)] : []);
}

/** Every table of the statement counts as written: which of them is, columns alone would tell. */
export function classifyUpdate(tokens: Tokens, verb: string): Classification {
  tokens.skip(...MODIFIERS);
  return dml(verb, namesOf(aliasedTables(tokens, ['SET'])));
}

/** `DELETE FROM t …`, `DELETE a, b FROM …` and `DELETE FROM a, b USING …`, where a and b may be aliases. */
export function classifyDelete(tokens: Tokens, verb: string): Classification {
  tokens.skip(...MODIFIERS, 'HISTORY');
  if (tokens.take('FROM')) {
    const targets = aliasedTables(tokens, ['USING', 'WHERE', 'ORDER', 'LIMIT', 'RETURNING', 'FOR']);
    if (!tokens.take('USING')) return dml(verb, namesOf(targets));
    return dml(verb, resolve(targets, aliasedTables(tokens, ['WHERE'])));
  }
  const targets = aliasedTables(tokens, ['FROM']);
  tokens.take('FROM');
  return dml(verb, resolve(targets, aliasedTables(tokens, ['WHERE'])));
}

/** The common table expressions are passed over: the statement behind them decides. */
export function classifyWith(tokens: Tokens): Classification {
  tokens.seek('SELECT', 'UPDATE', 'DELETE', 'INSERT', 'REPLACE', 'TABLE', 'VALUES');
  const verb = tokens.next()?.keyword ?? 'WITH';
  if (verb === 'UPDATE') return classifyUpdate(tokens, verb);
  if (verb === 'DELETE') return classifyDelete(tokens, verb);
  if (verb === 'INSERT' || verb === 'REPLACE') return classifyInsert(tokens, verb);
  return classifySelect(tokens, 'SELECT');
}

/** Into a user variable it must be replayed, into a file it cannot be repeated (the file exists by then). */
export function classifySelect(tokens: Tokens, verb: string): Classification {
  // No query in parentheses has an INTO, unless all of the statement stands in them.
  for (let token = tokens.next(); token; token = tokens.next()) {
    if (token.keyword !== 'INTO') continue;
    return plain(['OUTFILE', 'DUMPFILE'].includes(tokens.keyword()) ? 'opaque' : 'session', verb);
  }
  return plain('admin', verb);
}

/** LOAD DATA and LOAD XML read a file that may have changed by the next time; LOAD INDEX warms a cache. */
export function classifyLoad(tokens: Tokens): Classification {
  const verb = `LOAD ${tokens.keyword()}`.trim();
  if (tokens.keyword() === 'INDEX') return plain('admin', verb);
  const table = tokens.seek('TABLE') && tokens.next() ? tokens.name() : undefined;
  return { ...plain('opaque', verb), writes: table ? [writtenName(table)] : [] };
}

function namesOf(references: readonly TableReference[]): string[] {
  return [...new Set(references.map((reference) => writtenName(reference.table)))];
}

function resolve(targets: readonly TableReference[], references: readonly TableReference[]): string[] {
  return namesOf(
    targets.map((target) => {
      const { schema, name } = target.table;
      const aliased = references.find(({ alias }) => schema === undefined && alias === name);
      return aliased ?? target;
    }),
  );
}
