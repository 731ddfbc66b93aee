import { basename } from 'node:path';
import { dumpDatabase } from '../../backup/dump/dump.ts';
import { verifyBackup } from '../../backup/file/verify.ts';
import type { Context } from '../../context.ts';
import { type Environment, requireClients } from '../../mysql/clients.ts';
import type { StepInputs } from '../../plan/step.ts';
import type { StatementParts } from '../migrate/statement-parts.ts';
import type { Phase } from '../phase.ts';
import { closeTables, openTables } from '../saved-rows/closed-tables.ts';
import { findGoing, findOwnRows } from './dropped-rows.ts';

interface SaveParts extends StatementParts {
  readonly env: Environment;
}

/**
 * Dumps the rows that the way back is going to drop, in the form of a backup. Their tables are closed to writers before, and stay so
 * until the way back has done its work: what is acknowledged is in the dump, or in the table.
 */
export function savePhase(parts: SaveParts): Phase<'save'> {
  return {
    async run(input, context) {
      try {
        return await save(input, parts, context);
      } catch (error) {
        // Nothing of the way back has run: writers are not to wait for a person.
        await openTables(parts.config.migrations, context).catch(() => undefined);
        throw error;
      }
    },

    async probe({ file }) {
      const verified = await verifyBackup(file).catch(() => undefined);
      return verified?.problems.length === 0 ? 'done' : 'not-done';
    },
  };
}

async function save(
  { file, ofRun, ...input }: StepInputs['save'],
  parts: SaveParts,
  context: Context,
): Promise<string> {
  const { config, env } = parts;
  const going =
    ofRun === undefined
      ? undefined
      : await findGoing({ ofRun, versions: ofRun === parts.run ? 'all' : input.versions }, parts, context);
  const closing = going?.taken.map(({ table }) => table) ?? input.tables;
  if (closing.length > 0) {
    const open = await closeTables(closing, { run: parts.run, patience: config.migrations }, context);
    if (open !== undefined) context.report({ type: 'note', level: 'warning', text: staysOpen(closing, open) });
  }
  // Only now: before, a writer could come in between the look and the drop.
  const tables = going ? await findOwnRows(going, context) : input.tables;
  if (tables.length === 0) return 'no rows to save: none are dropped that the migrations do not write again';
  const clients = await requireClients(context.server.flavor, context.exec, env);
  const request = { file, compression: config.backup.compression, clients, stepId: 'save-rows', tables };
  const manifest = await dumpDatabase(request, context);
  const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
  return `${rows} rows of ${tables.length === 1 ? '1 table' : `${tables.length} tables`} in ${basename(file)}`;
}

function staysOpen(tables: readonly string[], because: string): string {
  return `${tables.join(', ')} cannot be closed to writers: ${because}. A row that is written there after the rows are saved goes with the others`;
}
