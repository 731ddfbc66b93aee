import { basename } from 'node:path';
import { dropBeside, tablesBeside } from '../backup/beside.ts';
import { type Manifest, readManifest } from '../backup/manifest.ts';
import { dropKeys } from '../backup/orphan-keys.ts';
import type { Exchange } from '../backup/swap.ts';
import type { Context } from '../context.ts';
import { failedUnchanged, messageOf } from '../errors.ts';
import type { Environment } from '../mysql/clients.ts';
import { quoteQualified } from '../mysql/quote.ts';
import type { StepInputs } from '../plan/step.ts';
import { readSnapshot } from '../schema/snapshot.ts';
import { type ExchangeParts, withExchange } from './exchange.ts';
import { fillBeside } from './fill-beside.ts';
import type { Phase } from './phase.ts';

type Input = StepInputs['load-tables'];

/**
 * Brings single tables of a backup into production under new names. Only their part of the file is read. They come
 * without triggers and foreign keys: those have names of their own, which the present tables use.
 */
export function loadTablesPhase(parts: ExchangeParts): Phase<'load-tables'> {
  return {
    async run(input, context) {
      const whole = await readManifest(input.file);
      const wanted = new Set(input.tables.map(({ table }) => table));
      const manifest = { ...whole, tables: whole.tables.filter(({ name }) => wanted.has(name)) };
      await withExchange(parts, context, async (exchange) => {
        if (await areThere(input, exchange)) return dropBeside(exchange.session, input.database);
        await fill(input, manifest, parts.env, exchange, context).catch((error: unknown) => {
          context.signal.throwIfAborted();
          throw failedUnchanged(
            `loading from ${basename(input.file)} failed: ${messageOf(error)}`,
            'mend the cause, then: gateway-migrate restore --table',
            error,
          );
        });
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

async function fill(
  { file, database }: Input,
  manifest: Manifest,
  env: Environment,
  { run, session, runPatiently }: Exchange,
  context: Context,
): Promise<void> {
  await fillBeside({ file, manifest, database, run, stepId: 'load-tables' }, env, session, context);
  const { objects } = await readSnapshot(session, database);
  const keys = [...objects.values()].flatMap(({ name, table }) =>
    (table?.foreignKeys ?? []).map((key) => ({ ...key, table: name, index: undefined })),
  );
  await dropKeys(session, database, keys, runPatiently);
}

async function moveIn({ tables, database }: Input, { server, session, runPatiently }: Exchange): Promise<void> {
  const moves = tables.map(
    ({ table, copy }) => `${quoteQualified(database, table)} TO ${quoteQualified(server.target.database, copy)}`,
  );
  await runPatiently(`RENAME TABLE ${moves.join(', ')}`);
  await dropBeside(session, database);
}
