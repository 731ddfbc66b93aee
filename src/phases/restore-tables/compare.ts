import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readManifest } from '../../backup/file/manifest.ts';
import { failedUnchanged } from '../../errors.ts';
import { type BrokenKey, findBrokenKeys } from '../../exchange/broken-keys.ts';
import { keysOf, orphanKeysOf } from '../../exchange/orphan-keys.ts';
import { arrivingObjectsPath } from '../../exchange/swap-note.ts';
import { seamKeysOf } from '../../exchange/swap-tables.ts';
import { readSnapshot } from '../../schema/snapshot.ts';
import type { Phase } from '../phase.ts';
import { readChangesSince } from '../restore/changes-since.ts';
import type { ExchangeParts } from '../restore/exchange.ts';

interface Restored {
  readonly file: string;
  readonly tables: readonly string[];
  /** Every table that the backup has. */
  readonly backedUp: ReadonlySet<string>;
}

/** Asks, while the site is up, whether the tables that were loaded fit into production as it is now. Reads only. */
export function compareTablesPhase({ run, config }: ExchangeParts): Phase<'compare-tables'> {
  return {
    async run({ file, tables, database: side }, { server, report }) {
      const { tables: all } = await readManifest(file);
      const backedUp = new Set(all.map(({ name }) => name));
      const { database } = server.target;
      const session = await server.open();
      try {
        const [present, loaded] = [await readSnapshot(session, database), await readSnapshot(session, side)];
        const triggers = await readFile(arrivingObjectsPath(join(config.stateDir, 'runs', run)), 'utf8');
        const { missed, unexplained } = await readChangesSince({ tables, present, loaded, triggers }, server, session);
        if (missed.length > 0) {
          const newer = 'gateway-migrate backup list (for a backup from after that)';
          throw failedUnchanged(
            `migrations have changed the tables since the backup: ${missed.join('; ')}`,
            `${newer}, or ${besideCommand({ file, tables })}`,
          );
        }
        for (const text of unexplained) report({ type: 'note', level: 'warning', text });
        const staying = seamKeysOf(keysOf(present), tables).filter(({ table }) => !tables.includes(table));
        const keys = { arriving: orphanKeysOf(loaded), staying };
        requireUnbroken(await findBrokenKeys(session, keys, { database, side, backedUp }), { file, tables, backedUp });
        const count = keys.arriving.length + staying.length;
        return `${count} foreign ${count === 1 ? 'key holds' : 'keys hold'} between them and what stays`;
      } finally {
        await session.close();
      }
    },

    probe: async () => 'not-done',
  };
}

/** Throws a failure that names every key, and the ways out of it. */
export function requireUnbroken(broken: readonly BrokenKey[], { file, tables, backedUp }: Restored): void {
  if (broken.length === 0) return;
  const others = [...new Set(broken.map(({ other }) => other))].filter((name) => backedUp.has(name));
  const together = `gateway-migrate restore --backup ${file} --table ${[...tables, ...others].join(' ')} --in-place`;
  const ways = others.length > 0 ? [`${together} (these too)`] : [];
  throw failedUnchanged(
    `foreign keys would be broken: ${broken.map(({ description }) => description).join('; ')}`,
    [...ways, besideCommand({ file, tables })].join(', or '),
  );
}

function besideCommand({ file, tables }: Pick<Restored, 'file' | 'tables'>): string {
  return `gateway-migrate restore --backup ${file} --table ${tables.join(' ')} (beside the present ones)`;
}
