import { readManifest } from '../../backup/file/manifest.ts';
import { findBrokenKeys } from '../../exchange/broken-keys.ts';
import { dropBeside } from '../../exchange/side-database.ts';
import { dropStoredObjects, readTriggersOf } from '../../exchange/stored-objects.ts';
import { exchangeSingle } from '../../exchange/swap-tables.ts';
import type { Phase } from '../phase.ts';
import { type ExchangeParts, withExchange } from '../restore/exchange.ts';
import { makeArrivingObjects } from '../restore/stored-objects.ts';
import { requireUnbroken } from './compare.ts';

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
