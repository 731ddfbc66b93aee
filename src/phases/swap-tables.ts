import { dropBeside } from '../backup/beside.ts';
import { findBrokenKeys } from '../backup/broken-keys.ts';
import { readManifest } from '../backup/manifest.ts';
import { dropStoredObjects, readTriggersOf } from '../backup/stored-objects.ts';
import { exchangeSingle } from '../backup/swap-tables.ts';
import { makeArrivingObjects } from './arriving-objects.ts';
import { requireUnbroken } from './compare-tables.ts';
import { type ExchangeParts, withExchange } from './exchange.ts';
import type { Phase } from './phase.ts';

/**
 * Puts what was loaded beside in the place of production's tables: all in one statement, then the foreign keys that join
 * them with the rest, then the backup's triggers. Killed anywhere, running it again ends in the same state.
 */
export function swapTablesPhase(parts: ExchangeParts): Phase<'swap-tables'> {
  return {
    async run({ file, tables, from, aside }, context) {
      const { tables: all } = await readManifest(file);
      const backedUp = new Set(all.map(({ name }) => name));
      return withExchange(parts, context, async (exchange) => {
        const { session, server, runPatiently } = exchange;
        const { database } = server.target;
        const note = await exchangeSingle({ tables, from, aside }, exchange, async (keys) => {
          // Production was written to since they were compared.
          const broken = await findBrokenKeys(session, keys, { database, side: from, backedUp });
          requireUnbroken(broken, { file, tables, backedUp });
        });
        // When an earlier attempt was cut off here, a part of them is there.
        await dropStoredObjects(session, database, runPatiently, await readTriggersOf(session, database, tables));
        await makeArrivingObjects(exchange, parts.env, context);
        await dropBeside(session, from);
        const kept = note.tables.length > 0 ? `; those before are in ${aside}` : '';
        return `${tables.join(', ')} in the place of ${note.tables.join(', ') || 'none'}${kept}`;
      });
    },

    probe: async () => 'not-done',
  };
}
