import type { Config } from '../config/config.ts';
import { messageOf } from '../errors.ts';
import { type Check, fails, holds, warns } from '../run/check.ts';
import { nearestFolder, requireWritable } from '../system/files.ts';
import { findStrangers, ownTrust } from '../system/trust.ts';

const GROUP = "this machine's folders";

/** Where the tool itself writes: without the state folder there is no run; the log may stand there too. */
export async function checkOwnFolders({ stateDir, logsDir }: Pick<Config, 'stateDir' | 'logsDir'>): Promise<Check[]> {
  const [state, logs] = await Promise.all([whyNotWritable(stateDir), whyNotWritable(logsDir)]);
  const aboutState = { group: GROUP, name: 'state folder' };
  const aboutLogs = { group: GROUP, name: 'log folder' };
  return [
    state === undefined
      ? holds({ ...aboutState, detail: stateDir })
      : fails({
          ...aboutState,
          detail: state,
          remedy: `mkdir -p ${stateDir} as a user who may, or set state in the configuration`,
        }),
    logs === undefined
      ? holds({ ...aboutLogs, detail: logsDir })
      : warns({
          ...aboutLogs,
          detail: `${logs}: the log goes to the state folder`,
          remedy: 'set logs in the configuration',
        }),
  ];
}

/** Others who may write there can have their SQL run as the administrator: by a restore, by a deploy. */
export function checkForeignHands({ backup, migrations }: Pick<Config, 'backup' | 'migrations'>): Check[] {
  const about = (name: string, dir: string, why: string) =>
    findStrangers(dir, ownTrust()).map(({ path, problem, remedy }) =>
      warns({ group: GROUP, name, detail: `${path} ${problem}, and ${why}`, remedy }),
    );
  return [
    ...about('who writes backups', backup.dir, 'the SQL of a backup is run as the administrator'),
    ...about('who writes migrations', migrations.dir, 'their SQL is run as the administrator'),
  ];
}

async function whyNotWritable(dir: string): Promise<string | undefined> {
  const nearest = await nearestFolder(dir);
  return requireWritable(nearest).then(
    () => undefined,
    (error: unknown) => `${dir} cannot be written to: ${messageOf(error)}`,
  );
}
