import { eventStatements } from '../../mysql/event-text.ts';
import { quoteName } from '../../mysql/quote.ts';
import type { ObjectId, ObjectKind } from '../../schema/types.ts';
import { type AlterAction, readAlterActions, readCreateIndex, readDropIndex } from '../sql/alter-actions.ts';
import { toStatement } from '../sql/statement.ts';
import { Tokens } from '../sql/tokens.ts';
import type { Statement, Touch } from '../types.ts';
import { inverseOfActions } from './alter.ts';

/** What stood there before a statement: the SHOW CREATE text of each object it touches; no text: it did not exist. */
export type Before = ReadonlyMap<ObjectId, Definition>;

interface Definition {
  readonly definition?: string | undefined;
  /** The text from after the statement. */
  readonly after?: string | undefined;
  /** Assignments for SET, so that a stored program remembers the sql_mode and the charsets that it had. */
  readonly settings?: readonly string[] | undefined;
}

/** The statements that take one back exactly, in order, or why nobody knows them. */
export type Inverse = { readonly statements: readonly Statement[] } | { readonly reason: string };

type InverseSql = { readonly sql: readonly string[] } | { readonly reason: string };

/** Objects that are nothing but their definition: made again from it, they are the same. */
const DEFINITION_ONLY: readonly ObjectKind[] = ['view', 'trigger', 'procedure', 'function', 'event'];

/** The exact inverse of a statement that took effect. What removed data has none: that is what backups are for. */
export function inverseOf(statement: Statement, before: Before): Inverse {
  const inverse = inverseSql(statement, before);
  if ('reason' in inverse) return inverse;
  return { statements: inverse.sql.map((sql) => toStatement(sql, statement.line)) };
}

function inverseSql(statement: Statement, before: Before): InverseSql {
  const { kind, touches, verb } = statement;
  if (kind === 'session' || kind === 'admin' || kind === 'transaction') return { sql: [] };
  if (kind !== 'ddl' || touches.length === 0) return { reason: `${verb} changes rows, which no statement brings back` };
  if (touches.some((touch) => touch.schema !== undefined)) return { reason: 'it touches another database' };
  const unknown = touches.find((touch) => !before.has(touch.object));
  if (unknown) return { reason: `what stood at ${unknown.object} before is not known` };
  if (verb === 'RENAME TABLE') return renameBack(touches, before);
  if (verb === 'ALTER TABLE') return alterBack(touches, before, readAlterActions(statement.text));
  if (verb === 'CREATE INDEX') return createIndexBack(statement, before);
  if (verb === 'DROP INDEX') return alterBack(touches, before, [readDropIndex(statement.text)]);
  return objectsBack(statement, before);
}

/** In reverse order: a name that was passed on must be free again first. */
function renameBack(touches: readonly Touch[], before: Before): InverseSql {
  const renamed = touches.filter(({ isConditional, object }) => !isConditional || definitionIn(before, object));
  const pairs = renamed
    .toReversed()
    .map(({ object, to }) => `${quoteName(nameOf(to ?? object))} TO ${quoteName(nameOf(object))}`);
  return { sql: pairs.length === 0 ? [] : [`RENAME TABLE ${pairs.join(', ')}`] };
}

function alterBack(touches: readonly Touch[], before: Before, actions: readonly AlterAction[]): InverseSql {
  // Where no table could be read the statement is opaque, and there is no inverse to look for.
  const touch = touches[0] as Touch;
  const definition = definitionIn(before, touch.object);
  if (definition === undefined) {
    return touch.isConditional ? { sql: [] } : { reason: `the definition of ${touch.object} before is not known` };
  }
  const inverse = inverseOfActions(actions, definition, before.get(touch.object)?.after);
  if ('reason' in inverse) return inverse;
  const rename = touch.to ? [`RENAME TO ${quoteName(nameOf(touch.object))}`] : [];
  const clauses = [...inverse.clauses, ...rename];
  if (clauses.length === 0) return { sql: [] };
  return { sql: [`ALTER TABLE ${quoteName(nameOf(touch.to ?? touch.object))} ${clauses.join(', ')}`] };
}

function createIndexBack(statement: Statement, before: Before): InverseSql {
  if (isReplacing(statement)) return { reason: 'an index of this name may have been replaced' };
  return alterBack(statement.touches, before, [readCreateIndex(statement.text)]);
}

function objectsBack(statement: Statement, before: Before): InverseSql {
  const sql: string[] = [];
  for (const touch of statement.touches) {
    const inverse = objectBack(touch, before.get(touch.object), isReplacing(statement));
    if ('reason' in inverse) return inverse;
    sql.push(...inverse.sql);
  }
  return { sql };
}

function objectBack(touch: Touch, stood: Definition | undefined, isReplace: boolean): InverseSql {
  const definition = stood?.definition;
  const { kind, name } = split(touch.object);
  const noun = kind.toUpperCase();
  if (touch.action === 'create' && definition === undefined) return { sql: [`DROP ${noun} ${quoteName(name)}`] };
  if (touch.action === 'create' && touch.isConditional && !isReplace) return { sql: [] };
  if (touch.action === 'drop' && definition === undefined) {
    return touch.isConditional ? { sql: [] } : { reason: `the definition of ${touch.object} before is not known` };
  }
  if (definition === undefined || !DEFINITION_ONLY.includes(kind)) {
    return { reason: `what ${kind} ${name} held is gone: restore it from a backup` };
  }
  const drops = [touch.object, ...(touch.to ? [touch.to] : [])].map(
    (id) => `DROP ${noun} IF EXISTS ${quoteName(nameOf(id))}`,
  );
  return { sql: [...drops, ...underCircumstances(eventStatements(definition), stood?.settings ?? [])] };
}

/** PURE: statements under settings of their own. The session's come back afterwards: the statements that follow were written for those. */
export function underCircumstances(made: readonly string[], settings: readonly string[]): string[] {
  if (settings.length === 0) return [...made];
  const names = settings.map((setting) => setting.slice(0, setting.indexOf(' ')));
  return [
    `SET ${names.map((name) => `@own_${name} = @@SESSION.${name}`).join(', ')}`,
    `SET ${settings.join(', ')}`,
    ...made,
    `SET ${names.map((name) => `${name} = @own_${name}`).join(', ')}`,
  ];
}

function isReplacing(statement: Statement): boolean {
  return new Tokens(statement.text).take('CREATE', 'OR', 'REPLACE');
}

function definitionIn(before: Before, object: ObjectId): string | undefined {
  return before.get(object)?.definition;
}

function split(object: ObjectId): { kind: ObjectKind; name: string } {
  const colon = object.indexOf(':');
  return { kind: object.slice(0, colon) as ObjectKind, name: object.slice(colon + 1) };
}

function nameOf(object: ObjectId): string {
  return split(object).name;
}
