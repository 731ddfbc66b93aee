import type { Config } from '../../config/config.ts';
import { Failure } from '../../errors.ts';
import type { Migration } from '../../migrations/types.ts';
import type { Server } from '../../mysql/connect.ts';
import { findEscapes } from '../../rehearsal/clone/confinement.ts';
import { readNeighbours } from '../../rehearsal/clone/neighbours.ts';
import { withPlace } from '../../rehearsal/clone/place.ts';
import { goForward } from '../../rehearsal/forward.ts';
import { withStage } from '../../rehearsal/stage.ts';
import { diffObject, type ObjectDifference } from '../../schema/diff.ts';
import { withScratch } from '../../schema/scratch.ts';
import { readSnapshot } from '../../schema/snapshot.ts';
import type { ObjectId, Snapshot } from '../../schema/types.ts';
import type { Exec } from '../../system/exec.ts';

/** Production's schema beside what the files make of an empty database. */
export interface SchemaComparison {
  /** How many objects the files make. */
  readonly made: number;
  /** `- ` production, `+ ` the files. */
  readonly differences: readonly ObjectDifference[];
  /** In production alone. */
  readonly beside: readonly ObjectId[];
}

interface Parts {
  readonly config: Config;
  readonly production: Server;
  readonly exec: Exec;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** What a view or a program remembers of the account and the session that made it: another tool's are its own. */
const OF_ITS_MAKER = /^[-+] (?:definer|sql_mode|connection collation|client charset) /;

/**
 * Makes everything that these migrations make, where a rehearsal would, and compares. Production is only read. A sentence
 * instead, where that cannot be seen: a file builds on what none of them makes, or there is no place to try it.
 */
export async function compareWithFiles(
  migrations: readonly Migration[],
  parts: Parts,
): Promise<SchemaComparison | string> {
  const session = await parts.production.open();
  try {
    const snapshot = await readSnapshot(session, parts.production.target.database);
    const built = await withPlace({ ...parts, session }, ({ server }) => build(migrations, server, snapshot, parts));
    return typeof built === 'string' ? built : compare(snapshot, built);
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  } finally {
    await session.close();
  }
}

async function build(
  migrations: readonly Migration[],
  server: Server,
  { charset, collation }: Snapshot,
  { production, signal }: Parts,
): Promise<Snapshot | string> {
  const { database } = production.target;
  const name = server.target.database;
  const [leak] = findEscapes(migrations, database, name, await readNeighbours(server));
  if (leak) return `${leak.version}: ${leak.what}`;
  return withScratch(server, { name, charset, collation }, () =>
    withStage(server, { production: database, hasRows: false, signal }, async (stage) => {
      const { refused } = await goForward(stage, migrations);
      return refused ? `${refused.version ?? ''}: ${refused.what}` : stage.schema.reread();
    }),
  );
}

function compare(production: Snapshot, built: Snapshot): SchemaComparison {
  const differences = [...built.objects].flatMap(([id, wanted]) => {
    const difference = diffObject(id, production.objects.get(id), wanted);
    const isItsMakersAlone =
      difference?.change === 'changed' && difference.lines.every((one) => OF_ITS_MAKER.test(one));
    return difference && !isItsMakersAlone ? [difference] : [];
  });
  const beside = [...production.objects.keys()].filter((id) => !built.objects.has(id));
  return { made: built.objects.size, differences, beside };
}
