import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import type { Config } from '../../config/config.ts';
import { messageOf } from '../../errors.ts';
import type { LogEntry } from '../evidence.ts';
import { beginsEntry, fingerprint, isErrorEntry } from './fingerprint.ts';
import { LogFollower, type Place } from './follow.ts';
import { severityMatcher } from './patterns.ts';

/** What a log held before the deploy. */
export interface LogPast {
  readonly path: string;
  /** Undefined: it was not there. */
  readonly place: Place | undefined;
  /** Digests of the fingerprints of its last errors. */
  readonly known: readonly string[];
}

const READ_BACK = 4 << 20;
const MOST_KNOWN = 5_000;
/** Kinds of entry of one look; a log that has more says nothing with the next. */
const MOST_KINDS = 50;

/** The end of a log, and the kinds of errors in its last megabytes. Never throws: what cannot be read is not known. */
export async function noteLog({ path, ...patterns }: Config['monitor']['logs'][number]): Promise<LogPast> {
  try {
    const { ino, size } = await stat(path);
    const file = await open(path, 'r');
    try {
      const from = Math.max(0, size - READ_BACK);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
      const lines = buffer.subarray(0, bytesRead).toString('utf8').split('\n');
      return { path, place: { inode: ino, offset: size }, known: knownIn(lines, severityMatcher(patterns)) };
    } finally {
      await file.close();
    }
  } catch {
    return { path, place: undefined, known: [] };
  }
}

function knownIn(lines: readonly string[], matches: (entry: string) => unknown): string[] {
  const hasStamps = lines.some(beginsEntry);
  const heads = hasStamps ? lines.filter(beginsEntry) : lines;
  const known = new Set<string>();
  for (const head of heads.toReversed()) {
    if (known.size >= MOST_KNOWN) break;
    if (hasStamps || isErrorEntry(head) || matches(head) !== undefined) known.add(digest(fingerprint(head)));
  }
  return [...known];
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}

interface Followed {
  readonly follower: LogFollower;
  readonly severityOf: (entry: string) => LogEntry['matched'];
  readonly known: ReadonlySet<string>;
}

/** All logs of the configuration, followed. */
export class LogSource {
  readonly #logs: readonly Followed[];
  readonly #tell: (text: string) => void;
  readonly #told = new Set<string>();

  /** `past`: what was noted before the deploy; `places`: where an earlier watch has stopped. */
  constructor(
    logs: Config['monitor']['logs'],
    past: readonly LogPast[],
    places: Readonly<Record<string, Place>>,
    tell: (text: string) => void,
  ) {
    this.#tell = tell;
    this.#logs = logs.map(({ path, ...patterns }) => {
      const noted = past.find((one) => one.path === path);
      return {
        follower: new LogFollower(path, places[path] ?? noted?.place),
        severityOf: severityMatcher(patterns),
        known: new Set(noted?.known),
      };
    });
  }

  get places(): Record<string, Place> {
    const entries = this.#logs.flatMap(({ follower: { path, place } }) => (place ? [[path, place] as const] : []));
    return Object.fromEntries(entries);
  }

  async look(): Promise<LogEntry[]> {
    const looks = await Promise.all(this.#logs.map((log) => lookAt(log)));
    // In the order of the configuration, whichever was read first.
    for (const text of looks.flatMap(({ told }) => told)) this.#once(text);
    return looks.flatMap(({ entries }) => entries);
  }

  async close(): Promise<void> {
    await Promise.all(this.#logs.map(({ follower }) => follower.close()));
  }

  #once(text: string): void {
    if (this.#told.has(text)) return;
    this.#told.add(text);
    this.#tell(text);
  }
}

/** What is new in a log, and what people should know of it. */
async function lookAt({ follower, severityOf, known }: Followed): Promise<{ entries: LogEntry[]; told: string[] }> {
  const { path } = follower;
  try {
    const { entries, skipped } = await follower.read();
    const told = follower.place ? [] : [`${path} is not there yet: it is read when it comes`];
    if (skipped > 0) told.push(`${path} grows faster than it can be read: ${skipped} bytes were passed over`);
    const kinds = new Map<string, LogEntry>();
    for (const text of entries) {
      const matched = severityOf(text);
      const isError = isErrorEntry(text);
      if (matched === undefined && !isError) continue;
      const kind = fingerprint(text);
      const seen = kinds.get(kind);
      if (seen) kinds.set(kind, { ...seen, count: seen.count + 1 });
      else if (kinds.size < MOST_KINDS) {
        const isOld = known.has(digest(kind));
        kinds.set(kind, { path, fingerprint: kind, matched, isError, isOld, count: 1, text: text.slice(0, 500) });
      }
    }
    return { entries: [...kinds.values()], told };
  } catch (error) {
    return { entries: [], told: [`${path} cannot be read: ${messageOf(error)}`] };
  }
}
