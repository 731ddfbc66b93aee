import { dropBeside, listBeside } from '../../exchange/side-database.ts';
import type { Phase } from '../phase.ts';

/** Drops what a restore has loaded beside production, unless it has come to hold what nobody else has. */
export function discardPhase(): Phase<'discard'> {
  return {
    async run({ database }, { server }) {
      const session = await server.open();
      try {
        const found = (await listBeside(session, server.target.database)).find(({ name }) => name === database);
        if (found?.role === 'before') return `${database} is kept: it holds tables that the backup does not know`;
        await dropBeside(session, database);
        return `${database} is gone`;
      } finally {
        await session.close();
      }
    },

    probe: async () => 'not-done',
  };
}
