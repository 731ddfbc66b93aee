import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';
import { secretsOf } from '../../config/secrets.ts';
import { goesUnencrypted } from '../../mysql/encryption.ts';
import { describeTarget } from '../../preflight/reach.ts';
import type { CommandName } from '../../run/events.ts';
import { withholdFromChildren } from '../../system/own-process.ts';
import { sendWaiting } from './aftermath.ts';
import type { Invocation } from './invocation.ts';

/** Loads the configuration, conceals its secrets, and says what command runs against what. */
export async function beginReading(command: CommandName, invocation: Invocation): Promise<Config> {
  const config = await readConfig(invocation);
  const target = describeTarget(config.database);
  invocation.hub.report({ type: 'run.started', command, target, logFile: undefined });
  warnOfPlainNetwork(config, invocation);
  await sendWaiting(config, invocation);
  return config;
}

/** The same for a command that changes production, or rehearses to: it also gets a log file. */
export async function beginLogged(command: CommandName, invocation: Invocation): Promise<Config> {
  const config = await readConfig(invocation);
  const { openLogFile } = await import('../../run/log-file.ts');
  const log = await openLogFile({
    dir: config.logsDir,
    fallbackDir: config.stateDir,
    kind: command === 'test' ? 'test' : 'production',
    at: invocation.clock.now(),
    secrets: secretsOf(config),
    onWriteError: (warning) => invocation.hub.report({ type: 'note', level: 'warning', text: warning }),
  });
  invocation.hub.attach(log.reporter);
  invocation.hub.report({ type: 'run.started', command, target: describeTarget(config.database), logFile: log.path });
  warnOfPlainNetwork(config, invocation);
  if (log.fellBack) invocation.hub.report({ type: 'note', level: 'info', text: log.fellBack });
  await sendWaiting(config, invocation);
  return config;
}

/** The configuration alone, for a command whose answer is one object. */
export async function readConfig(invocation: Invocation): Promise<Config> {
  const config = await loadConfig({ file: invocation.flags.config, cwd: invocation.cwd, env: invocation.env });
  const secrets = secretsOf(config);
  invocation.hub.conceal(secrets);
  withholdFromChildren(secrets);
  return config;
}

/** Before the first connection: the password is what goes first. */
export function warnOfPlainNetwork({ database, rehearsal }: Config, { hub }: Pick<Invocation, 'hub'>): void {
  const targets = { database, ...(rehearsal === 'private' ? {} : { rehearsal }) };
  for (const [key, target] of Object.entries(targets)) {
    if (!goesUnencrypted(target) || (key === 'rehearsal' && target.host === database.host)) continue;
    const text = `the connection to ${target.host} is not encrypted: whoever is on the way can read the rows and take the password; set ${key}.tls to true, or to { ca: FILE }`;
    hub.report({ type: 'note', level: 'warning', text });
  }
}
