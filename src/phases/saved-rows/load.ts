import { basename } from 'node:path';
import { readManifest } from '../../backup/file/manifest.ts';
import type { Context } from '../../context.ts';
import { type Failure, failedUnchanged, messageOf } from '../../errors.ts';
import type { Environment } from '../../mysql/clients.ts';
import type { Session } from '../../mysql/connect.ts';
import type { SavedRows } from '../../plan/step.ts';
import type { Phase } from '../phase.ts';
import { fillBeside } from '../restore-tables/fill-side-database.ts';

export interface SavedBesideParts {
  readonly run: string;
  /** Where the client programs are looked for. */
  readonly env: Environment;
}

/** Loads what a rollback has saved into a database beside production, which goes on working. */
export function savedBesidePhase(parts: SavedBesideParts): Phase<'saved-beside'> {
  return {
    async run(input, context) {
      const session = await context.server.open();
      try {
        const rows = await loadSaved(input, parts, session, context);
        return `${rows} rows of ${input.tables.map(({ table }) => table).join(', ')}`;
      } finally {
        await session.close();
      }
    },

    // What an unfinished load has left is dropped and loaded again.
    probe: async () => 'not-done',
  };
}

/** Returns how many rows there are. Throws a `Failure` that names the GRANT where a right is missing. */
export async function loadSaved(
  { file, database, tables }: SavedRows,
  { run, env }: SavedBesideParts,
  session: Session,
  context: Context,
): Promise<number> {
  const whole = await readManifest(file);
  const wanted = new Set(tables.map(({ table }) => table));
  const manifest = { ...whole, tables: whole.tables.filter(({ name }) => wanted.has(name)) };
  try {
    await fillBeside({ file, manifest, database, run, stepId: 'saved-beside' }, env, session, context);
  } catch (error) {
    context.signal.throwIfAborted();
    throw cannotLoad(file, database, error, context);
  }
  return manifest.tables.reduce((sum, { rows }) => sum + rows, 0);
}

function cannotLoad(file: string, database: string, error: unknown, { server }: Context): Failure {
  const again = 'then: gateway-migrate deploy --with-saved-rows';
  // ER_DBACCESS_DENIED_ERROR
  if ((error as { errno?: number }).errno === 1044) {
    const pattern = `${server.target.database.replaceAll('_', '\\_')}\\_restore\\_%`;
    return failedUnchanged(
      `the database ${database}, which the saved rows are loaded into first, cannot be made: ${messageOf(error)}`,
      `as an administrator: GRANT ALL ON \`${pattern}\`.* TO the account ${server.target.user}; ${again}`,
      error,
    );
  }
  return failedUnchanged(
    `loading ${basename(file)} beside production failed: ${messageOf(error)}`,
    `mend the cause, ${again}`,
    error,
  );
}
