import type { Manifest } from '../../backup/file/manifest.ts';
import { readStoredOf } from '../../backup/file/sections.ts';
import { definersIn, requireDefiners } from '../../backup/load/definers.ts';
import { failedUnchanged, messageOf } from '../../errors.ts';
import type { Exchange } from '../../exchange/swap.ts';
import { arrivingObjectsPath } from '../../exchange/swap-note.ts';
import { HISTORY_TABLE } from '../../schema/types.ts';
import { makeFolder, writeFileAtomically } from '../../system/files.ts';
import type { Phase } from '../phase.ts';
import { type ExchangeParts, withExchange } from '../restore/exchange.ts';
import { loadSingleTables, readManifestOf } from './single-tables.ts';

/**
 * Loads single tables of a backup beside production, which goes on working, and notes their triggers for the swap. The
 * backup's history comes along: it tells which migrations the tables have not seen.
 */
export function loadTablesBesidePhase(parts: ExchangeParts): Phase<'load-tables-beside'> {
  return {
    async run({ file, tables, database }, context) {
      const manifest = await readManifestOf(file, [...tables, HISTORY_TABLE]);
      await withExchange(parts, context, async (exchange) => {
        await loadSingleTables({ file, database }, manifest, parts.env, exchange, context);
        await noteTriggers(file, database, manifest, exchange);
      });
      const loaded = manifest.tables.filter(({ name }) => name !== HISTORY_TABLE);
      return loaded.map(({ name, rows }) => `${name} (${rows} rows)`).join(', ');
    },

    // What an unfinished load has left is dropped and loaded again.
    probe: async () => 'not-done',
  };
}

async function noteTriggers(
  file: string,
  database: string,
  { preamble, tables }: Manifest,
  { session, folder }: Exchange,
): Promise<void> {
  const ranges = tables.map(({ range }) => range);
  const arriving = await readStoredOf(file, preamble, ranges);
  await requireDefiners(session, database, definersIn(arriving.toString('utf8'))).catch((error: unknown) => {
    throw failedUnchanged(
      `the triggers of the backup cannot be made: ${messageOf(error)}`,
      'mend the cause, then: gateway-migrate restore --table NAME --in-place',
      error,
    );
  });
  await makeFolder(folder);
  await writeFileAtomically(arrivingObjectsPath(folder), arriving);
}
