import { basename } from 'node:path';
import { dumpDatabase } from '../../backup/dump/dump.ts';
import { verifyBackup } from '../../backup/file/verify.ts';
import { type Environment, requireClients } from '../../mysql/clients.ts';
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
  const { config, env } = parts;
  return {
    async run({ file, ofRun, ...input }, context) {
      const going =
        ofRun === undefined
          ? undefined
          : await findGoing({ ofRun, versions: ofRun === parts.run ? 'all' : input.versions }, parts, context);
      const closing = going?.taken.map(({ table }) => table) ?? input.tables;
      if (closing.length > 0) {
        const on = { run: parts.run, patience: config.migrations };
        const open = await closeTables(closing, on, context);
        if (open !== undefined) context.report({ type: 'note', level: 'warning', text: staysOpen(closing, open) });
      }
      // Only now: before, a writer could come in between the look and the drop.
      const tables = going ? await findOwnRows(going, context) : input.tables;
      if (tables.length === 0) return 'no rows to save: none are dropped that the migrations do not write again';
      const clients = await requireClients(context.server.flavor, context.exec, env);
      const { compression } = config.backup;
      const request = { file, compression, clients, stepId: 'save-rows', tables };
      const manifest = await dumpDatabase(request, context).catch(async (error: unknown) => {
        await openTables(config.migrations, context).catch(() => undefined);
        throw error;
      });
      const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
      return `${rows} rows of ${tables.length === 1 ? '1 table' : `${tables.length} tables`} in ${basename(file)}`;
    },

    async probe({ file }) {
      const verified = await verifyBackup(file).catch(() => undefined);
      return verified?.problems.length === 0 ? 'done' : 'not-done';
    },
  };
}

function staysOpen(tables: readonly string[], because: string): string {
  return `${tables.join(', ')} cannot be closed to writers: ${because}. A row that is written there after the rows are saved goes with the others`;
}
