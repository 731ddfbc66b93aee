import type { Config } from '../../config/config.ts';
import type { Context } from '../../context.ts';
import { messageOf } from '../../errors.ts';
import { exclusively } from '../../plan/locks.ts';
import type { LockedTable } from '../../plan/step.ts';
import { readTableNames } from '../../schema/tables.ts';
import { JOURNAL_TABLE } from '../../schema/types.ts';
import { waitUntilFree } from '../../statements/locks/free-tables.ts';
import { longestWaitMs } from '../../statements/patience.ts';
import type { Phase } from '../phase.ts';

/**
 * With the site still up: every table that the run will lock is seen to be free of old transactions, or they are named and
 * waited for, as long as a statement would wait for them with the site down.
 */
export function locksPhase({ config }: { readonly config: Pick<Config, 'migrations'> }): Phase<'locks'> {
  return {
    async run({ tables, again, goesOn = false }, context) {
      const wanted = tables === 'all' ? await allTables(context) : tables;
      const withinMs = longestWaitMs(config.migrations);
      try {
        return await waitUntilFree(wanted, { id: 'locks', withinMs, patience: config.migrations, again }, context);
      } catch (error) {
        context.signal.throwIfAborted();
        if (!goesOn) throw error;
        const text = `${messageOf(error)}; the run goes on: the services are stopped next, and what is theirs ends with them`;
        context.report({ type: 'note', level: 'warning', text });
        return 'not free';
      }
    },
    probe: async () => 'not-done',
  };
}

async function allTables({ server }: Context): Promise<LockedTable[]> {
  const session = await server.open();
  try {
    const names = await readTableNames(session, server.target.database);
    // The journal stays where it is, and the lease in it is written all the time.
    const others = [...names].filter((name) => name !== JOURNAL_TABLE);
    return exclusively(others);
  } finally {
    await session.close();
  }
}
