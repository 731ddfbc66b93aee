import { basename } from 'node:path';
import { dumpDatabase } from '../../backup/dump/dump.ts';
import { verifyBackup } from '../../backup/file/verify.ts';
import { type Environment, requireClients } from '../../mysql/clients.ts';
import type { StatementParts } from '../migrate/statement-parts.ts';
import type { Phase } from '../phase.ts';
import { findDroppedRows } from './dropped-rows.ts';

interface SaveParts extends StatementParts {
  readonly env: Environment;
}

/** Dumps the rows that the way back is going to drop, in the form of a backup. Reads production only. */
export function savePhase(parts: SaveParts): Phase<'save'> {
  const { config, env } = parts;
  return {
    async run({ file, ofRun, ...input }, context) {
      const tables = ofRun === undefined ? input.tables : await findDroppedRows(ofRun, parts, context);
      if (tables.length === 0) return 'no rows to save: none are dropped that the migrations do not write again';
      const clients = await requireClients(context.server.flavor, context.exec, env);
      const { compression } = config.backup;
      const manifest = await dumpDatabase({ file, compression, clients, stepId: 'save-rows', tables }, context);
      const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
      return `${rows} rows of ${tables.length === 1 ? '1 table' : `${tables.length} tables`} in ${basename(file)}`;
    },

    async probe({ file }) {
      const verified = await verifyBackup(file).catch(() => undefined);
      return verified?.problems.length === 0 ? 'done' : 'not-done';
    },
  };
}
