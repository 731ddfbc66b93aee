import { dropKeys, keysOf } from '../../exchange/orphan-keys.ts';
import { dropBeside, tablesBeside } from '../../exchange/side-database.ts';
import type { Exchange } from '../../exchange/swap.ts';
import { quoteQualified } from '../../mysql/quote.ts';
import type { StepInputs } from '../../plan/step.ts';
import { readSnapshot } from '../../schema/snapshot.ts';
import type { Phase } from '../phase.ts';
import { type ExchangeParts, withExchange } from '../restore/exchange.ts';
import { loadSingleTables, readManifestOf } from './single-tables.ts';

type Input = StepInputs['load-tables'];

/**
 * Brings single tables of a backup into production under new names. Only their part of the file is read. They come
 * without triggers and foreign keys: those have names of their own, which the present tables use.
 */
export function loadTablesPhase(parts: ExchangeParts): Phase<'load-tables'> {
  return {
    async run(input, context) {
      const manifest = await readManifestOf(
        input.file,
        input.tables.map(({ table }) => table),
      );
      await withExchange(parts, context, async (exchange) => {
        if (await areThere(input, exchange)) return dropBeside(exchange.session, input.database);
        await loadSingleTables(input, manifest, parts.env, exchange, context);
        const { session, runPatiently } = exchange;
        await dropKeys(session, input.database, keysOf(await readSnapshot(session, input.database)), runPatiently);
        await moveIn(input, exchange);
      });
      const rows = manifest.tables.map(({ name, rows }) => `${copyOf(name, input)} (${rows} rows)`);
      return `${rows.join(', ')}, without triggers and foreign keys`;
    },

    probe: async () => 'not-done',
  };
}

function copyOf(name: string, { tables }: Input): string {
  return tables.find(({ table }) => table === name)?.copy ?? name;
}

/** The RENAME is one statement: when one of them is there, all are. */
async function areThere({ tables }: Input, { server, session }: Exchange): Promise<boolean> {
  const present = await tablesBeside(session, server.target.database);
  return tables.every(({ copy }) => present.includes(copy));
}

async function moveIn({ tables, database }: Input, { server, session, runPatiently }: Exchange): Promise<void> {
  const moves = tables.map(
    ({ table, copy }) => `${quoteQualified(database, table)} TO ${quoteQualified(server.target.database, copy)}`,
  );
  await runPatiently(`RENAME TABLE ${moves.join(', ')}`);
  await dropBeside(session, database);
}
