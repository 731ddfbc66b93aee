import type { Secret } from '../system/secret.ts';
import type { Config } from './config.ts';

/** What must not be seen in an event, a log, a page or a message. */
export function secretsOf(config: Config): Secret[] {
  const rehearsal = config.rehearsal === 'private' ? undefined : config.rehearsal.password;
  const notify = config.notify.flatMap((one) =>
    one.type === 'email' ? [one.smtp] : one.type === 'command' ? [] : [one.url],
  );
  return [config.database.password, rehearsal, ...notify].filter((secret) => secret !== undefined);
}
