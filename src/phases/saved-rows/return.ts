import { basename } from 'node:path';
import type { Config } from '../../config/config.ts';
import type { Context } from '../../context.ts';
import { failedUnchanged } from '../../errors.ts';
import { dropBeside, tablesBeside } from '../../exchange/side-database.ts';
import type { Session } from '../../mysql/connect.ts';
import type { StepInputs } from '../../plan/step.ts';
import { runFolder } from '../../run/folder.ts';
import { continueCounters } from '../../saved-rows/counters.ts';
import { pairTable, type Returning } from '../../saved-rows/pairing.ts';
import { type Returned, returnRows } from '../../saved-rows/return-rows.ts';
import { bringTriggersBack, readTriggerNames, takeTriggersAway } from '../../saved-rows/suspended-triggers.ts';
import { readSnapshot } from '../../schema/snapshot.ts';
import type { Snapshot, TableShape } from '../../schema/types.ts';
import { boundLockWaits, withPatience } from '../../statements/patience.ts';
import { readReturned, returnedSql } from '../../statements/returned.ts';
import { type Workbench, withWorkbench } from '../../statements/workbench.ts';
import type { Phase } from '../phase.ts';
import { loadSaved, type SavedBesideParts } from './load.ts';

interface SavedRowsParts extends SavedBesideParts {
  readonly config: Pick<Config, 'stateDir' | 'migrations'>;
}

type Input = StepInputs['saved-rows'];

/** Zeros in dates and ids were right when they were saved. */
const SQL_MODE = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES';
const WITHOUT = 'gateway-migrate deploy without --with-saved-rows';

/**
 * Puts saved rows back into production, from the database beside, exactly once. All of it is one transaction, and the
 * row of the journal that says so is part of it: killed before the commit, the server takes everything back, what was
 * mended beside included, and it begins anew; killed after it, that row is found and nothing is put back a second time.
 * Before it is looked for, the dead run's connections must be gone (`withWorkbench`), so that no commit is still under
 * way. What stands around the transaction (triggers, counters, the database beside) is repeated until it is done.
 */
export function savedRowsPhase(parts: SavedRowsParts): Phase<'saved-rows'> {
  return {
    async run(input, context) {
      const { run, config } = parts;
      return withWorkbench({ run, after: [run], patience: config.migrations }, context, async (bench, present) => {
        const done = (await readReturned(bench.journal, run)).get(basename(input.file));
        const returned = done ?? (await putBack(input, parts, bench, present, context));
        await bringTriggersBack(triggerPlace(parts, bench, present));
        const whole = input.tables.filter(({ columns }) => columns === 'all').map(({ table }) => table);
        const alter = patiently(bench.work, bench.journal, bench, context);
        const place = { saved: input.database, present: present.database };
        await continueCounters(whole, place, { server: context.server, session: bench.journal }, alter);
        await dropBeside(bench.journal, input.database);
        tell(input.file, returned, context);
        return returned.back.join(', ');
      });
    },

    // Run again, it looks by itself at what is done.
    probe: async () => 'not-done',
  };
}

async function putBack(
  input: Input,
  parts: SavedRowsParts,
  bench: Workbench,
  present: Snapshot,
  context: Context,
): Promise<Returned> {
  const session = bench.journal;
  const beside = new Set(await tablesBeside(session, input.database));
  // Somebody has dropped it while the run was cut off.
  if (!input.tables.every(({ table }) => beside.has(table))) await loadSaved(input, parts, session, context);
  const { returnings, left } = await pairTables(input, present, session);
  const place = triggerPlace(parts, bench, present);
  const triggers = await readTriggerNames(
    session,
    present.database,
    returnings.map(({ table }) => table),
  );
  if (triggers.length > 0 && !input.isSiteDown) throw wouldFire(triggers, input.file);
  try {
    await takeTriggersAway(triggers, input.database, place, patiently(bench.work, session, bench, context));
    return await inOneTransaction({ input, returnings, left }, bench, present.database, context);
  } catch (error) {
    // The way back does it too: but the sooner, the better.
    await bringTriggersBack(place).catch(() => undefined);
    throw error;
  }
}

function triggerPlace({ run, config }: SavedRowsParts, { work }: Workbench, { database, collation }: Snapshot) {
  return { database, collation, folder: runFolder(config.stateDir, run), session: work };
}

async function pairTables(input: Input, present: Snapshot, session: Session) {
  const kept = await readSnapshot(session, input.database);
  const transactional = await readTransactional(session);
  const returnings: Returning[] = [];
  const left: string[] = [];
  for (const saved of input.tables) {
    const id = `table:${saved.table}` as const;
    // That it is there was seen when it was loaded, and again just now.
    const before = kept.objects.get(id)?.table as TableShape;
    const now = present.objects.get(id)?.table;
    for (const { engine } of [before, now ?? before]) {
      if (!transactional.has(engine)) throw cannotBeExact(saved.table, engine, input.file);
    }
    const pairing = pairTable(saved, before, now);
    left.push(...pairing.left);
    if (pairing.returning) returnings.push(pairing.returning);
  }
  return { returnings, left };
}

async function readTransactional(session: Session): Promise<Set<string>> {
  const rows = await session.query<{ name: string }>(
    "SELECT ENGINE AS name FROM information_schema.ENGINES WHERE TRANSACTIONS = 'YES'",
  );
  return new Set(rows.map((row) => row.name));
}

function cannotBeExact(table: string, engine: string, file: string) {
  return failedUnchanged(
    `the saved rows of ${table} cannot be put back exactly once: ${engine} has no transactions`,
    `${WITHOUT}; the rows stay in ${file}`,
  );
}

/** Without them for a moment, what the application writes meanwhile would miss them; with them, the rows would not end as saved. */
function wouldFire(triggers: readonly string[], file: string) {
  return failedUnchanged(
    `the triggers ${triggers.join(', ')} would fire for the saved rows, and cannot be taken away while the site is up`,
    `gateway-migrate deploy --with-saved-rows without --no-maintenance; or ${WITHOUT}: the rows stay in ${file}`,
  );
}

interface Return {
  readonly input: Input;
  readonly returnings: readonly Returning[];
  readonly left: readonly string[];
}

async function inOneTransaction(
  { input, returnings, left }: Return,
  bench: Workbench,
  database: string,
  context: Context,
): Promise<Returned> {
  const session = bench.journal;
  await boundLockWaits(session, bench.patience);
  await session.execute(`SET SESSION sql_mode = '${SQL_MODE}', foreign_key_checks = 0`);
  // Weaker, parents would be read without a lock.
  await session.execute('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
  const place = { saved: input.database, present: database, isSiteDown: input.isSiteDown };
  let told: Returned = { back: [], changed: [], left: [] };
  const attempt = async () => {
    await session.execute('START TRANSACTION');
    try {
      const returned = await returnRows(returnings, place, session);
      told = { ...returned, left: [...left, ...returned.left] };
      const { run } = bench;
      const note = { run, file: basename(input.file), connectionId: session.connectionId, returned: told };
      await session.execute(returnedSql(note));
      return await session.execute('COMMIT');
    } catch (error) {
      await session.execute('ROLLBACK').catch(() => undefined);
      throw error;
    }
  };
  const waiting = { session, observer: bench.work, patience: bench.patience, context };
  await withPatience(attempt, { ...waiting, isInGroup: false, canRepeat: true });
  await session.execute('SET SESSION foreign_key_checks = 1');
  return told;
}

function patiently(session: Session, observer: Session, { patience }: Workbench, context: Context) {
  return (sql: string) =>
    withPatience(() => session.execute(sql), {
      ...{ session, observer, patience, context },
      ...{ isInGroup: false, canRepeat: true },
    });
}

function tell(file: string, { changed, left }: Returned, context: Context): void {
  for (const text of changed) context.report({ type: 'note', level: 'info', text });
  for (const text of left) {
    context.report({ type: 'note', level: 'warning', text: `not put back, and still in ${file}: ${text}` });
  }
}
