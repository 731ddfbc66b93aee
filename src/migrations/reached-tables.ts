import { isSameName } from '../mysql/name.ts';
import type { ObjectId, SchemaObject, Snapshot } from '../schema/types.ts';
import { classify } from './classify/classify.ts';
import { allTokens, unquote } from './sql/tokens.ts';
import type { Statement } from './types.ts';

/** Nobody can tell which tables. */
export const UNSEEN = '*';

/** A table that a statement writes rows of. */
export interface Reached {
  /** Or `UNSEEN`: a program that is put together (EXECUTE), is hidden from this account, or belongs to another database. */
  readonly table: string;
  /** The stored programs that take it there, the nearest to the statement first; empty: it names the table itself. */
  readonly by: readonly ObjectId[];
}

type Event = 'INSERT' | 'UPDATE' | 'DELETE';

/** What one text does: rows that it writes, and routines that it runs. */
interface Deeds {
  readonly writes: readonly { readonly table: string; readonly events: readonly Event[] }[];
  readonly runs: readonly ObjectId[];
}

/** What a snapshot has in place of a body that the account may not see. */
const HIDDEN = /^\s*\(the body is hidden from this account\)\s*$/;

const WRITES = new Set(['INSERT', 'REPLACE', 'UPDATE', 'DELETE', 'LOAD']);
/** In front of a verb that begins no statement: ON UPDATE CASCADE, FOR UPDATE, ON DUPLICATE KEY UPDATE. */
const NO_BEGINNING = new Set(['ON', 'FOR', 'KEY', '.']);

/**
 * PURE: the tables that a statement writes to, also by the triggers of those tables and by the routines that it or they run, as the
 * catalogue defines them.
 */
export function reachedTables({ text, kind }: Pick<Statement, 'text' | 'kind'>, snapshot: Snapshot): Reached[] {
  if (!['dml', 'opaque', 'session', 'admin'].includes(kind)) return [];
  const programs = programsOf(snapshot);
  const reached: Reached[] = [];
  const seen = new Set<ObjectId>();
  const follow = (deeds: Deeds, by: readonly ObjectId[]): void => {
    const next = [...deeds.runs, ...deeds.writes.flatMap((write) => programs.firedBy(write.table, write.events))];
    reached.push(...deeds.writes.map(({ table }) => ({ table, by })));
    for (const id of next) {
      const body = seen.has(id) ? undefined : bodyOf(snapshot.objects.get(id));
      seen.add(id);
      if (body !== undefined && HIDDEN.test(body)) reached.push({ table: UNSEEN, by: [...by, id] });
      else if (body !== undefined) follow(readDeeds(body, programs.routines, snapshot), [...by, id]);
    }
  };
  follow(readDeeds(text, programs.routines, snapshot), []);
  return reached;
}

function programsOf({ objects }: Snapshot) {
  const routines = new Map<string, ObjectId>();
  const triggers: { id: ObjectId; event: string; table: string }[] = [];
  for (const [id, { kind, name, definition }] of objects) {
    if (kind === 'procedure' || kind === 'function') routines.set(`${kind}:${name.toLowerCase()}`, id);
    const fires = kind === 'trigger' && /^fires \w+ (\w+) on `((?:[^`]|``)+)`/.exec(definition);
    if (fires) triggers.push({ id, event: fires[1] ?? '', table: (fires[2] ?? '').replaceAll('``', '`') });
  }
  const firedBy = (table: string, events: readonly string[]) =>
    triggers.filter((one) => one.table === table && events.includes(one.event)).map(({ id }) => id);
  return { routines, firedBy };
}

function bodyOf(object: SchemaObject | undefined): string | undefined {
  const at = object?.definition.indexOf('\nbody\n') ?? -1;
  return object && at >= 0 ? object.definition.slice(at + '\nbody\n'.length) : undefined;
}

function readDeeds(text: string, routines: ReadonlyMap<string, ObjectId>, snapshot: Snapshot): Deeds {
  const tokens = allTokens(text);
  const deeds = { writes: [] as { table: string; events: Event[] }[], runs: [] as ObjectId[] };
  for (const [at, token] of tokens.entries()) {
    const before = tokens[at - 1]?.keyword ?? '';
    const after = tokens[at + 1]?.keyword ?? '';
    if (WRITES.has(token.keyword) && !NO_BEGINNING.has(before) && after !== '(') {
      const end = tokens.slice(at).find(({ keyword }) => keyword === ';')?.start ?? text.length;
      const statement = text.slice(token.start, end);
      const { writes } = classify(statement);
      const events = eventsOf(token.keyword, statement);
      deeds.writes.push(...writes.map((name) => ({ table: calledAs(name, snapshot), events })));
    }
    // CALL p, and CALL shop.p.
    if (token.keyword === 'EXECUTE' && !NO_BEGINNING.has(before)) deeds.writes.push({ table: UNSEEN, events: [] });
    const schema = before === '.' ? tokens[at - 2] : undefined;
    const isCalled = before === 'CALL' || (schema !== undefined && tokens[at - 3]?.keyword === 'CALL');
    const kind = isCalled ? 'procedure' : 'function';
    const isOurs = schema === undefined || isSameName(unquote(schema), snapshot.database, foldsNames(snapshot));
    const isRun = isOurs && (isCalled || after === '(');
    const id = isRun ? routines.get(`${kind}:${unquote(token).toLowerCase()}`) : undefined;
    if (id !== undefined) deeds.runs.push(id);
    else if (isCalled && after !== '.') deeds.writes.push({ table: UNSEEN, events: [] });
  }
  return deeds;
}

function eventsOf(verb: string, statement: string): Event[] {
  if (verb === 'UPDATE' || verb === 'DELETE') return [verb];
  if (verb === 'REPLACE' || (verb === 'LOAD' && /\bREPLACE\b/i.test(statement))) return ['INSERT', 'DELETE'];
  return /\bON\s+DUPLICATE\s+KEY\b/i.test(statement) ? ['INSERT', 'UPDATE'] : ['INSERT'];
}

/** The database's own tables as the catalogue calls them; those of others stay qualified, and are in no snapshot. */
function calledAs(name: string, snapshot: Snapshot): string {
  const prefix = `${snapshot.database}.`;
  const isOurs = isSameName(name.slice(0, prefix.length), prefix, foldsNames(snapshot));
  const plain = isOurs ? name.slice(prefix.length) : name;
  return snapshot.objects.get(`table:${plain}`)?.name ?? plain;
}

function foldsNames({ objects }: Snapshot): boolean {
  return objects.foldsNames === true;
}
