import { rm } from 'node:fs/promises';
import { findNamed } from '../../binlog/named/find.ts';
import { formatName, parseName, type TransactionName } from '../../binlog/named/names.ts';
import type { LogRange } from '../../binlog/range.ts';
import { placeOf, type Transaction } from '../../binlog/transaction.ts';
import { localTime } from '../../binlog/way.ts';
import type { Config } from '../../config/config.ts';
import { ExitCode, Failure, refusal } from '../../errors.ts';
import { findFreeSecond, nameBeside } from '../../exchange/side-database.ts';
import type { OnConflict, Settled } from '../../flashback/carry-out.ts';
import { ChildrenUnlogged } from '../../flashback/require-undoable.ts';
import { logFolder } from '../../phases/restore/replay.ts';
import { planFlashback } from '../../plan/flashback.ts';
import type { Facts } from '../../preflight/gather.ts';
import { describeTarget } from '../../preflight/reach.ts';
import { requireWritable } from '../../preflight/read-only.ts';
import { runFolder } from '../../run/folder.ts';
import { withLock } from '../../run/lock.ts';
import { unfinishedRefusal } from '../resume.ts';
import { beginLogged } from '../shared/begin.ts';
import { carryOut } from '../shared/carry-out.ts';
import { declined } from '../shared/declined.ts';
import type { Invocation } from '../shared/invocation.ts';
import { requireFree, showPreflight } from '../shared/preflight.ts';
import { runStep } from '../shared/step.ts';
import { DONE, type Ending, withRun } from '../shared/with-run.ts';
import { copyMoment, type MadeCopy } from './flashback/copy.ts';
import { copyNamedLog } from './flashback/log.ts';
import { type Asked, type Outlook, tryUndo } from './flashback/outlook.ts';
import { requireLoadable } from './needs.ts';

export interface FlashbackOptions {
  /** Places in the binary log, and ids of runs. */
  readonly flashback: readonly string[];
  readonly onConflict: OnConflict;
  readonly dryRun: boolean;
  /** A path, or `latest`: where the log lacks what foreign keys did, it is loaded from there as it was. */
  readonly backup: string;
}

const READ = { id: 'binlog', title: 'Read the binary log' };
const COMPARE = { id: 'compare-rows', title: 'Compare with production' };
const MOST_SHOWN = 20;
const UNLOGGED = 'foreign keys changed rows that are not in the log: a copy of the moment before has them';

/** Undoes the row changes of transactions in production itself, with the site up. */
export function flashbackCommand(options: FlashbackOptions, invocation: Invocation): Promise<ExitCode> {
  return withRun('restore', invocation, async () => {
    const names = options.flashback.map(requireName);
    const config = await beginLogged('restore', invocation);
    const facts = await showPreflight(config, invocation);
    requireFree(facts);
    await requireWritable(facts.server);
    return undoRows(names, options, config, facts, invocation);
  });
}

/** The same, behind a preflight. */
export async function undoRows(
  names: readonly TransactionName[],
  options: FlashbackOptions,
  config: Config,
  facts: Facts,
  invocation: Invocation,
): Promise<Ending> {
  if (facts.unfinished) throw unfinishedRefusal(facts.unfinished);
  await requireLoadable(facts);
  const logs = logFolder(runFolder(config.stateDir, invocation.hub.run));
  try {
    const at = await findFreeSecond(facts.server, invocation.clock.now());
    const side = nameBeside(facts.server.target.database, 'restore', at);
    const range = await runStep(
      READ,
      invocation,
      () => copyNamedLog(names, facts.server, config, invocation),
      describeLog,
    );
    const transactions = await requireFound(names, range, invocation);
    const asked = { range, transactions, side, rule: options.onConflict, again: againOf(options) };
    const { outlook, copy } = await look({ ...asked, patience: config.migrations }, options, facts, config, invocation);
    showOutlook(outlook, copy, options, config, invocation);
    if (outlook.isInTheWay) throw stopped(outlook, options);
    if (options.dryRun) return end(logs);
    if (!(await invocation.prompt.confirm('Undo these rows in PRODUCTION?'))) throw declined();
    const { rule, digests } = outlook;
    const places = outlook.undone.map(placeOf);
    const plan = planFlashback({ target: describeTarget(config.database), places, rule, database: side, digests });
    return await carryOut({ plan, config, server: facts.server, migrations: facts.migrations }, invocation);
  } catch (error) {
    // Of a run that has not begun nobody will ask for its copy of the log.
    await rm(logs, { recursive: true, force: true });
    throw error;
  }
}

function requireName(text: string): TransactionName {
  const name = parseName(text);
  if (name) return name;
  throw new Failure(`--flashback ${text} is no run and no place in the binary log`, {
    exitCode: ExitCode.usage,
    production: 'unchanged',
    state: 'nothing was started, production is unchanged',
    next: 'gateway-migrate restore --flashback binlog.000002:1234 (gateway-migrate restore lists places; or the id of a run)',
  });
}

function describeLog({ files }: LogRange): string {
  return `${files.length} ${files.length === 1 ? 'file' : 'files'}, from ${files[0]?.name}`;
}

async function requireFound(
  names: readonly TransactionName[],
  range: LogRange,
  { signal }: Invocation,
): Promise<readonly Transaction[]> {
  const { transactions, missing } = await findNamed(range, names, signal);
  if (missing.length === 0) return transactions;
  throw refusal(
    `the binary log has nothing of ${missing.map(formatName).join(', ')}`,
    'gateway-migrate restore (lists what looks like an accident, with its place)',
  );
}

/** Where the log does not have what foreign keys did, it looks once more with a copy of the moment before. */
async function look(
  asked: Omit<Asked, 'run'>,
  { backup }: FlashbackOptions,
  facts: Facts,
  config: Config,
  invocation: Invocation,
): Promise<{ readonly outlook: Outlook; readonly copy: MadeCopy | undefined }> {
  const outlook = await compare(asked, facts, invocation);
  if (!(outlook instanceof ChildrenUnlogged)) return { outlook, copy: undefined };
  const copy = await copyMoment({ ...asked, backup }, outlook, facts, config, invocation);
  const { range, copied } = copy;
  const second = await compare({ ...asked, range, copied }, facts, invocation);
  if (second instanceof ChildrenUnlogged) throw second;
  return { outlook: second, copy };
}

/** Under the lock, so that what is made beside for it is nobody else's; whatever it has made is gone when it ends. */
function compare(
  asked: Omit<Asked, 'run'>,
  { server }: Facts,
  invocation: Invocation,
): Promise<Outlook | ChildrenUnlogged> {
  const { hub, signal } = invocation;
  const request = { server, command: 'restore', run: hub.run, report: hub.report, signal, readsOnly: true };
  return runStep(
    COMPARE,
    invocation,
    () =>
      withLock(request, (lock) => tryUndo({ ...asked, run: hub.run }, lock, invocation)).catch((error: unknown) => {
        if (error instanceof ChildrenUnlogged) return error;
        throw error;
      }),
    (found) => (found instanceof ChildrenUnlogged ? UNLOGGED : found.told.join('; ')),
  );
}

function showOutlook(
  { undone, skipped, told, conflicts, isInTheWay }: Outlook,
  copy: MadeCopy | undefined,
  { onConflict, dryRun }: FlashbackOptions,
  config: Config,
  { hub }: Invocation,
): void {
  const describe = (one: Transaction) => `${placeOf(one)}, ${localTime(one.committed.micros)}${threadOf(one)}`;
  if (isInTheWay || dryRun)
    for (const { by: _, ...conflict } of conflicts) hub.report({ type: 'conflict', ...conflict });
  hub.report({
    type: 'summary',
    title: 'Undo rows',
    rows: [
      ['Database', config.database.database],
      ...undone.map((one): [string, string] => ['Undone', describe(one)]),
      ...skipped.map((one): [string, string] => ['Left', `${describe(one)}: a row of it was changed since`]),
      ...(copy ? [['Foreign keys', copy.told] as [string, string]] : []),
      ...told.map((text): [string, string] => ['Rows', text]),
      ...(conflicts.length > 0 ? [['Conflicts', describeConflicts(conflicts, onConflict)] as [string, string]] : []),
      ['Lost', 'nothing: what was written since stays'],
      ['Site', 'stays up'],
      ['Undo', 'gateway-migrate restore --flashback RUN, with the id of this run'],
    ],
  });
}

function threadOf({ threadId }: Transaction): string {
  return threadId === undefined ? '' : `, thread ${threadId}`;
}

function describeConflicts(conflicts: Settled['conflicts'], rule: OnConflict): string {
  const fate = { stop: 'in the way', theirs: 'left as they are', skip: 'left as they are, with their transactions' }[
    rule
  ];
  const shown = conflicts.slice(0, MOST_SHOWN).map(({ table, key, reason }) => `${table} ${key}: ${reason}`);
  const more = conflicts.length > shown.length ? `; and ${conflicts.length - shown.length} more` : '';
  return `${conflicts.length} rows ${fate}: ${shown.join('; ')}${more}`;
}

function stopped({ conflicts }: Outlook, { flashback }: FlashbackOptions): Failure {
  const again = againOf({ flashback });
  return refusal(
    `${conflicts.length} rows were changed since and cannot be undone: nothing was`,
    `${again} --on-conflict theirs (undoes the others), or --on-conflict skip (leaves out the transactions that changed them)`,
  );
}

function againOf({ flashback }: Pick<FlashbackOptions, 'flashback'>): string {
  return `gateway-migrate restore --flashback ${flashback.join(' ')}`;
}

async function end(logs: string) {
  await rm(logs, { recursive: true, force: true });
  return DONE;
}
