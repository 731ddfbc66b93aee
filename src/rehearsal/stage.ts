import { messageOf } from '../errors.ts';
import type { Statement } from '../migrations/types.ts';
import type { Server, Session, StatementResult } from '../mysql/connect.ts';
import { textLiteral } from '../mysql/literal.ts';
import { detailOf } from '../schema/checks/check.ts';
import { type EvidenceReader, evidenceReader } from '../statements/recovery/evidence-reader.ts';
import type { Evidence } from '../statements/row.ts';
import { unitsOf } from '../statements/unit.ts';
import { actsOnServer } from './clone/confinement.ts';
import { type Escape, findDynamicEscape } from './clone/dynamic-sql.ts';
import { type TrackedSchema, trackSchema } from './tracked-schema.ts';

/** The clone at work: statements run here by the rules of a real run. */
export interface Stage {
  readonly server: Server;
  /** Reads the clone. */
  readonly reader: Session;
  /** Runs the migrations' own text. Replaced when a migration has changed its settings. */
  work: Session;
  readonly schema: TrackedSchema;
  /** Stops between two statements when it is aborted. */
  readonly signal: AbortSignal;
  /** Production's database, when a statement could reach it from the clone. */
  readonly production: string | undefined;
  /** The rows of a backup are there; else the tables hold only what the migrations themselves write. */
  readonly hasRows: boolean;
}

/** How one statement went. */
export interface Performed {
  readonly ordinal: number;
  readonly statement: Statement;
  readonly result: StatementResult;
  readonly ms: number;
  /** What stood before it, as the journal of a real run would note it. */
  readonly evidence: Evidence;
  /** It acts on the whole server and was left out. */
  readonly isLeftOut: boolean;
}

/** The server's refusal of one statement. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly ordinal: number;
  readonly statement: Statement;
  readonly errno: number | undefined;

  constructor(ordinal: number, statement: Statement, cause: unknown) {
    super(messageOf(cause), { cause });
    this.ordinal = ordinal;
    this.statement = statement;
    this.errno = (cause as { errno?: number }).errno;
  }
}

/** Our own refusal: it would have left the clone, so it never ran. */
export class Escaped extends Refused {
  readonly finding: Escape;

  constructor(ordinal: number, statement: Statement, finding: Escape) {
    super(ordinal, statement, new Error(finding.what));
    this.finding = finding;
  }
}

/**
 * Opens the clone, and closes its connections at the end. A clone of production's own name is on a server of its own,
 * and has nothing to fear.
 */
export async function withStage<T>(
  server: Server,
  { production, hasRows, signal }: Pick<Stage, 'hasRows' | 'signal'> & { readonly production: string },
  body: (stage: Stage) => Promise<T>,
): Promise<T> {
  const reader = await server.open();
  try {
    const schema = await trackSchema(reader, server.target.database);
    const stage: Stage = {
      server,
      reader,
      schema,
      signal,
      hasRows,
      production: server.target.database === production ? undefined : production,
      work: await server.open({ purpose: 'migration' }),
    };
    try {
      return await body(stage);
    } finally {
      await stage.work.close();
    }
  } finally {
    await reader.close();
  }
}

/** A fresh connection: what one migration SET must not leak into the next. */
export async function renewWork(stage: Stage): Promise<void> {
  await stage.work.close();
  stage.work = await stage.server.open({ purpose: 'migration' });
}

/**
 * Runs statements one after another; `before` and `after` look at each. Rows are written in one transaction a
 * statement, unless the author wrote one around several. Throws `Refused`; what was done before it stays.
 */
export async function perform(
  stage: Stage,
  statements: readonly Statement[],
  look: {
    /** Executes it on the working connection; by default just so. */
    execute?(statement: Statement): Promise<StatementResult>;
    after?(performed: Performed): Promise<void> | void;
  } = {},
): Promise<void> {
  const evidence = evidenceReader(stage.reader, stage.schema.now, { isAlone: true });
  try {
    for (const unit of unitsOf(statements)) {
      const isTransaction = unit.transaction !== undefined;
      for (const { ordinal, statement } of unit.statements) {
        if (stage.signal.aborted) throw stage.signal.reason;
        const execute = () => look.execute?.(statement) ?? stage.work.execute(statement.text);
        const performed = await performOne(stage, evidence, { ordinal, statement, isTransaction }, execute);
        await stage.schema.follow(statement);
        await look.after?.(performed);
      }
    }
  } finally {
    if (statements.some((one) => one.kind === 'session' || one.kind === 'opaque')) await renewWork(stage);
  }
}

interface Numbered {
  readonly ordinal: number;
  readonly statement: Statement;
  /** It stands in a transaction that the author wrote. */
  readonly isTransaction: boolean;
}

async function performOne(
  stage: Stage,
  evidence: EvidenceReader,
  numbered: Numbered,
  execute: () => Promise<StatementResult>,
): Promise<Performed> {
  const { ordinal, statement, isTransaction } = numbered;
  const noted = await evidence.before(statement);
  const startedMs = performance.now();
  const isLeftOut = actsOnServer(statement);
  const isOwnTransaction = !isTransaction && (statement.kind === 'dml' || statement.kind === 'opaque');
  try {
    const finding = isLeftOut ? undefined : await escapeOf(stage, statement);
    if (finding) throw new Escaped(ordinal, statement, finding);
    if (isOwnTransaction) await stage.work.execute('START TRANSACTION');
    const result = isLeftOut ? await parseOnly(stage.work, statement) : await execute();
    if (isOwnTransaction) await stage.work.execute('COMMIT');
    return { ordinal, statement, result, ms: performance.now() - startedMs, evidence: noted, isLeftOut };
  } catch (error) {
    await stage.work.execute('ROLLBACK').catch(() => undefined);
    throw error instanceof Escaped ? error : new Refused(ordinal, statement, error);
  } finally {
    evidence.forget(statement);
  }
}

async function escapeOf({ server, production, work, reader }: Stage, statement: Statement) {
  if (production === undefined) return undefined;
  return findDynamicEscape(statement, { production, clone: server.target.database }, { work, reader });
}

const NOTHING: StatementResult = { rows: 0, lastInsertId: undefined, warnings: [] };
const ER_PARSE_ERROR = 1064;

/**
 * What must not be run here is at least read by the server: a slip of the pen (`CREATE TABEL`) looks like a statement that
 * nobody knows. Only its grammar counts: some statements cannot be prepared (error 1295), and what they need may be missing.
 */
async function parseOnly(session: Session, { text }: Statement): Promise<StatementResult> {
  try {
    await session.execute(`SET @gateway_migrate_text = ${textLiteral(text)}`);
    await session.execute('PREPARE gateway_migrate_parsed FROM @gateway_migrate_text');
    await session.execute('DEALLOCATE PREPARE gateway_migrate_parsed');
  } catch (error) {
    if ((error as { errno?: number }).errno === ER_PARSE_ERROR) throw error;
    detailOf(error);
  }
  return NOTHING;
}
