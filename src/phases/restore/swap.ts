import { readFile } from 'node:fs/promises';
import { type Manifest, readManifest } from '../../backup/file/manifest.ts';
import { afterTheirTime, compareObjects } from '../../exchange/loaded-contents.ts';
import { dropBeside } from '../../exchange/side-database.ts';
import { dropStoredObjects } from '../../exchange/stored-objects.ts';
import { type Exchange, exchangeTables, setDefaults } from '../../exchange/swap.ts';
import { arrivingObjectsPath, type SwapNote } from '../../exchange/swap-note.ts';
import { supersedeSql } from '../../statements/journal.ts';
import type { Phase } from '../phase.ts';
import { type ExchangeParts, withExchange } from './exchange.ts';
import { repeatBefore, repeatLate } from './late.ts';
import { droppedBy, giveAgain } from './routine-grants.ts';
import { makeArrivingObjects } from './stored-objects.ts';

/**
 * Puts what was loaded beside in production's place: all tables in one statement, then what a RENAME cannot carry, in the
 * backup's own words. With a `rest` to repeat in two, and that between them. What production was stays in `aside`. Killed
 * anywhere, running it again ends in the same state.
 */
export function swapPhase(parts: ExchangeParts): Phase<'swap'> {
  return {
    async run({ from, aside, file, isReplayed = false, rest }, context) {
      const manifest = await readManifest(file);
      return withExchange(parts, context, async (exchange) => {
        const { session, server, runPatiently } = exchange;
        const { database } = server.target;
        if (rest) await repeatBefore({ rest, aside }, exchange, parts, context);
        const whileEmpty = rest && (() => repeatLate({ rest, aside }, exchange, parts, context));
        const note = await exchangeTables({ from, aside, whileEmpty }, exchange);
        await setDefaults(session, database, manifest);
        // When an earlier attempt was cut off here, a part of them is there.
        await dropStoredObjects(session, database, runPatiently);
        await makeArrivingObjects(exchange, parts.env, context);
        const arriving = await readFile(arrivingObjectsPath(exchange.folder), 'latin1');
        await requireAllThere(await afterTheirTime(manifest, arriving, exchange, context), note, isReplayed, exchange);
        await giveAgain(droppedBy(note), session, context);
        await session.execute(supersedeSql(parts.run));
        await dropBeside(session, from);
        return `${note.arriving?.length ?? 0} tables in place of ${note.tables.length}; those before are in ${aside}`;
      });
    },

    probe: async () => 'not-done',
  };
}

/** Repeating the binary log may have made tables and dropped some: then what has arrived is what has to be there. */
async function requireAllThere(
  manifest: Manifest,
  { arriving = [] }: SwapNote,
  isReplayed: boolean,
  { server, session }: Exchange,
): Promise<void> {
  const tables = arriving.filter((name) => !manifest.objects.sequence.includes(name));
  const wrong = await compareObjects(manifest, server, session, isReplayed ? tables : undefined);
  if (wrong.length > 0) throw new Error(`after the swap ${wrong.join(', ')}`);
}
