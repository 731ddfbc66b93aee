import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../../context.ts';
import { dropBeside, listBeside, tablesBeside } from '../../exchange/side-database.ts';
import { readStoredObjects, scriptOf } from '../../exchange/stored-objects.ts';
import type { Exchange } from '../../exchange/swap.ts';
import { returnTables } from '../../exchange/swap-back.ts';
import { readSwapNote, type SwapNote } from '../../exchange/swap-note.ts';
import { returnSingle } from '../../exchange/swap-tables.ts';
import { readSnapshot } from '../../schema/snapshot.ts';
import { makeFolder, writeFileAtomically } from '../../system/files.ts';
import type { Phase } from '../phase.ts';
import { type ExchangeParts, withExchange } from './exchange.ts';
import { droppedBy, giveAgain } from './routine-grants.ts';

/** Undoes a restore, however far it came: what production held before it is production again. */
export function swapBackPhase(parts: ExchangeParts): Phase<'swap-back'> {
  return {
    async run({ ofRun, side, aside, keeps }, context) {
      const note = await readSwapNote(join(parts.config.stateDir, 'runs', ofRun));
      if (note === undefined) {
        await dropEmpty(aside, context);
        return 'nothing had been touched';
      }
      return withExchange(parts, context, async (exchange) => {
        await keepDefinitions(exchange);
        const bringBack = note.only ? returnSingle : returnTables;
        const refused = await bringBack({ note, side, keeps }, exchange);
        await giveAgain(droppedBy(note), exchange.session, context);
        await tellDifferences(note, refused, exchange, context);
        const isKept = (await listBeside(exchange.session, exchange.server.target.database)).some(
          ({ name, role }) => name === side && role === 'before',
        );
        return `${note.tables.length} tables are back${isKept ? `; what production held meanwhile is in ${side}` : ''}`;
      });
    },

    probe: async () => 'not-done',
  };
}

/** Before its note was written the run may have made the database that was to keep production's tables. */
async function dropEmpty(aside: string, { server }: Context): Promise<void> {
  const session = await server.open();
  try {
    if ((await tablesBeside(session, aside)).length === 0) await dropBeside(session, aside);
  } finally {
    await session.close();
  }
}

/** What is dropped here may have been made since the restore: its text stays, of the first attempt. */
async function keepDefinitions({ folder, server, session }: Exchange): Promise<void> {
  const path = join(folder, 'dropped.sql');
  if (existsSync(path)) return;
  await makeFolder(folder);
  await writeFileAtomically(path, scriptOf(await readStoredObjects(session, server.target.database)));
}

async function tellDifferences(
  note: SwapNote,
  refused: readonly string[],
  { server, session }: Exchange,
  context: Context,
) {
  for (const object of refused) {
    context.report({ type: 'note', level: 'warning', text: `could not be made again: ${object}` });
  }
  const { fingerprint } = await readSnapshot(session, server.target.database);
  if (fingerprint === note.fingerprint) return;
  const text = 'the schema is not the one from before the restore: gateway-migrate verify tells what it is';
  context.report({ type: 'note', level: 'warning', text });
}
