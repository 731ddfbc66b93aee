import { readdir } from 'node:fs/promises';
import { listBackups } from '../../backup/file/folder.ts';
import { loadConfig } from '../../config/load.ts';
import { parseFileName } from '../../migrations/file-name.ts';
import { listRuns } from '../../run/folder.ts';

/** What a shell can offer beyond the words of the program, read from this machine's folders: no server is asked. */
export interface CompletionValues {
  readonly runs: readonly string[];
  readonly backups: readonly string[];
  readonly versions: readonly string[];
  readonly tables: readonly string[];
}

const NOTHING: CompletionValues = { runs: [], backups: [], versions: [], tables: [] };

interface Place {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Never rejects: without a configuration there are only the words of the program. */
export async function readCompletionValues(place: Place): Promise<CompletionValues> {
  try {
    const { stateDir, backup, migrations } = await loadConfig({ file: undefined, ...place });
    const backups = await listBackups(backup.dir).catch(() => []);
    const files = await readdir(migrations.dir).catch(() => []);
    const newest = backups.find(({ manifest }) => manifest !== undefined)?.manifest;
    return {
      runs: listRuns(stateDir).reverse(),
      backups: ['latest', ...backups.map(({ path }) => path)],
      versions: [...new Set(files.flatMap((name) => parseFileName(name)?.version ?? []))],
      tables: newest?.tables.map(({ name }) => name) ?? [],
    };
  } catch {
    return NOTHING;
  }
}
