import { basename } from 'node:path';
import { dumpDatabase } from '../../backup/dump/dump.ts';
import { removeLeftovers } from '../../backup/file/folder.ts';
import { verifyBackup } from '../../backup/file/verify.ts';
import type { Config } from '../../config/config.ts';
import { type Environment, requireClients } from '../../mysql/clients.ts';
import type { Phase } from '../phase.ts';

export interface BackupParts {
  readonly config: Pick<Config, 'backup'>;
  readonly env: Environment;
}

/** Writes a backup under the planned name. Reads production only; the file appears when it is complete. */
export function backupPhase({ config, env }: BackupParts): Phase<'backup'> {
  return {
    async run({ file }, context) {
      const clients = await requireClients(context.server.flavor, context.exec, env);
      for (const name of await removeLeftovers(config.backup.dir)) {
        context.report({ type: 'note', level: 'debug', text: `removed ${name}, left by a run that was killed` });
      }
      const { compression } = config.backup;
      const manifest = await dumpDatabase({ file, compression, clients, stepId: 'backup' }, context);
      if (manifest.positionReason) {
        const text = `without the binary log's position: ${manifest.positionReason}`;
        context.report({ type: 'note', level: 'info', text });
      }
      const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
      return `${basename(file)}: ${manifest.tables.length} tables, ${rows} rows, ${(manifest.bytes / 1e6).toFixed(1)} MB`;
    },

    /** It has its name only when it was complete; read through, so that damage since then does not pass either. */
    async probe({ file }) {
      const verified = await verifyBackup(file).catch(() => undefined);
      return verified?.problems.length === 0 ? 'done' : 'not-done';
    },
  };
}
