import { Secret } from '../system/secret.ts';
import type { Config } from './config.ts';

/** What must not be seen in an event, a log, a page or a message. */
export function secretsOf(config: Config): Secret[] {
  const rehearsal = config.rehearsal === 'private' ? undefined : config.rehearsal.password;
  const notify = config.notify.flatMap((one) =>
    one.type === 'email' ? [one.smtp] : one.type === 'command' ? [] : [one.url],
  );
  return [config.database.password, rehearsal, ...notify, ...loginOf(config.app?.health?.url)].filter(
    (secret) => secret !== undefined,
  );
}

/** The password of an address, as it stands there and as it is meant. */
function loginOf(url: string | undefined): Secret[] {
  if (url === undefined) return [];
  const { password } = new URL(url);
  if (password === '') return [];
  const meant = decoded(password);
  return [...new Set([password, meant])].map((text) => new Secret(text));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
