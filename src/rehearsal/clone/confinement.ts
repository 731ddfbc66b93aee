import type { Migration, Statement } from '../../migrations/types.ts';
import { namesDatabase } from '../../schema/text.ts';
import type { Finding } from '../finding.ts';
import { type Neighbours, neighbourNamedIn } from './neighbours.ts';

/** Opaque statements that act inside the database; the others (users, files, the server) are not rehearsed. */
const INSIDE = /^(?:CALL|EXECUTE|DO|SELECT|WITH|BEGIN NOT ATOMIC)\b/;
/** Administration that reads, or looks after tables. */
const HARMLESS =
  /^(?:ANALYZE|OPTIMIZE|REPAIR|CHECK|CHECKSUM|SHOW|EXPLAIN|DESCRIBE|DESC|HELP|TABLE|VALUES|SELECT|WITH)\b/;

/**
 * Statements that name a database: on the clone they would act on production itself, so that nothing is run while
 * there is one. A clone of the same name (on a server of its own) has nothing to fear. `others`: databases beside the
 * clone, where a program or view that the migration makes would act.
 */
export function findEscapes(
  migrations: readonly Migration[],
  production: string,
  clone: string,
  others: Neighbours,
): Finding[] {
  if (clone === production) return [];
  return migrations.flatMap((migration) =>
    [...migration.up, ...migration.down].flatMap((statement): Finding[] => {
      const named = databaseNamedBy(statement, production) ?? databaseActedIn(statement, others, clone);
      if (named === undefined) return [];
      return [
        {
          name: 'names-a-database',
          level: 'error',
          group: 'rehearsal',
          version: migration.version,
          object: `line ${statement.line}`,
          what: `the statement (${statement.verb}) names the database ${named}`,
          why: 'on the clone it would act on that database itself, so nothing was rehearsed',
          fix: 'leave the name of the database out, or rehearse with rehearsal: private',
        },
      ];
    }),
  );
}

/** `own`: a database that it may name. */
export function databaseNamedBy(statement: Statement, production: string, own?: string): string | undefined {
  if (namesDatabase(statement.text, production)) return production;
  const touched = statement.touches.map((touch) => touch.schema);
  const written = statement.writes.filter((table) => table.includes('.')).map((table) => table.split('.')[0]);
  return [...touched, ...written].find((name) => name !== undefined && name !== own);
}

const KEEPS_SQL = /^(?:CREATE|ALTER) (?:TRIGGER|PROCEDURE|FUNCTION|EVENT|VIEW|PACKAGE)\b/;

/** It makes something that would act there when it is used. */
function databaseActedIn({ verb, text }: Statement, others: Neighbours, clone: string): string | undefined {
  return KEEPS_SQL.test(verb) ? neighbourNamedIn(text, others, clone) : undefined;
}

/** True for what acts on the whole server (accounts, settings, files): a rehearsal leaves it out. */
export function actsOnServer(statement: Statement): boolean {
  if (statement.kind === 'admin')
    return !HARMLESS.test(statement.verb) || /\bINTO\s+(?:OUT|DUMP)FILE\b/i.test(statement.text);
  return statement.kind === 'opaque' && !INSIDE.test(statement.verb);
}
