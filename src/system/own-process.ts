import { writeFileSync } from 'node:fs';
import type { Secret } from './secret.ts';

/** Keys that hold a password or an address with one; Laravel's own (`DB_…`) are left: artisan needs them. */
const HOLDS_SECRET = /^GATEWAY_MIGRATE_(?:PASSWORD|DATABASE|REHEARSAL|(?:DATABASE|REHEARSAL)_PASSWORD|NOTIFY\w*)$/;
/** No program runs without them, and a password such as `/home` is no reason to take them away. */
const OF_SYSTEM = /^(?:PATH|HOME|PWD|SHELL|USER|LOGNAME|LANG|LC_\w+|TERM|TZ)$/;
/** A shorter secret stands in other texts by chance. */
const TELLING = 8;
const OF_APPLICATION = /^(?:DB_\w+|DATABASE_URL)$/;

/**
 * What is made with a mode has that mode, whatever the umask: one that takes rights from the owner would make files that we
 * ourselves cannot read again. Everything that holds data is made for the owner only.
 */
export function keepOwnRights(): void {
  process.umask(process.umask() & 0o077);
}

/** The environment for ourselves. Children, and a diagnostic report of Node's, get what is left in the process's own. */
export function takeEnvironment(): Readonly<Record<string, string | undefined>> {
  const ours = { ...process.env };
  for (const name of Object.keys(ours)) if (HOLDS_SECRET.test(name)) delete process.env[name];
  return ours;
}

/** The same for whatever variable the configuration took a secret from, as `${SLACK_WEBHOOK}`. */
export function withholdFromChildren(secrets: readonly Secret[]): void {
  const values = secrets.map((secret) => secret.reveal()).filter((value) => value !== '');
  for (const [name, text = ''] of Object.entries(process.env)) {
    if (OF_SYSTEM.test(name) || OF_APPLICATION.test(name)) continue;
    const holds = (value: string) => text === value || (value.length >= TELLING && text.includes(value));
    if (values.some(holds)) delete process.env[name];
  }
}

/** Linux leaves the memory of this process, and of what it starts, out of core dumps (core(5)); elsewhere nothing happens. */
export function keepMemoryOutOfCores(): void {
  try {
    writeFileSync('/proc/self/coredump_filter', '0');
  } catch {
    // Not Linux, or a container without /proc.
  }
}
