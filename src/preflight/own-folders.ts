import type { Config } from '../config/config.ts';
import { messageOf } from '../errors.ts';
import { type Check, fails, holds, warns } from '../run/check.ts';
import { nearestFolder, requireWritable } from '../system/files.ts';

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

async function whyNotWritable(dir: string): Promise<string | undefined> {
  const nearest = await nearestFolder(dir);
  return requireWritable(nearest).then(
    () => undefined,
    (error: unknown) => `${dir} cannot be written to: ${messageOf(error)}`,
  );
}
