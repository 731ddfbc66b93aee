import { appendFileSync, closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, refusal } from '../errors.ts';
import { logLine } from '../report/log-lines.ts';
import { fileStamp } from '../system/clock.ts';
import { collectLines, makeFolder, OWNER_ONLY } from '../system/files.ts';
import type { Secret } from '../system/secret.ts';
import { visibleLine } from '../terminal/visible.ts';
import type { Reporter, StampedEvent } from './events.ts';
import { redactEvent, redactor } from './redact.ts';

export interface LogFileOptions {
  readonly dir: string;
  /** Used when `dir` cannot be written. */
  readonly fallbackDir: string;
  readonly kind: 'production' | 'test';
  /** When the run began: the name carries it. */
  readonly at: Date;
  readonly secrets: readonly Secret[];
  /** Called at most once, when a line cannot be written (disk full): the run goes on without its log. */
  onWriteError(warning: string): void;
}

export interface LogFile {
  readonly reporter: Reporter;
  readonly path: string;
  /** Why the log is not where it should be, as a sentence. */
  readonly fellBack: string | undefined;
  close(): void;
}

/** Progress comes several times a second; one line of it in ten seconds is enough in a log. */
const PROGRESS_EVERY_MS = 10_000;

/** Opens a new log, owner only. Throws a refusal when neither folder can be written. */
export async function openLogFile(options: LogFileOptions): Promise<LogFile> {
  const { opened, fellBack } = await openInEither(options);
  const redact = redactor(options.secrets);
  const lines = collectLines(appender(opened, options.onWriteError));
  const isDue = progressThrottle();
  return {
    path: opened.path,
    fellBack,
    reporter: (event) => {
      if (isDue(event)) lines.append(formatLine(redactEvent(event, redact)));
    },
    close() {
      lines.flush();
      closeSync(opened.fd);
    },
  };
}

interface Opened {
  readonly path: string;
  readonly fd: number;
}

async function openInEither(options: LogFileOptions): Promise<{ opened: Opened; fellBack: string | undefined }> {
  const { dir, fallbackDir } = options;
  try {
    return { opened: await openNew(dir, options), fellBack: undefined };
  } catch (error) {
    const reason = `the log cannot be written to ${dir} (${messageOf(error)})`;
    const opened = await openNew(fallbackDir, options).catch((second: unknown) => {
      throw refusal(`${reason}, nor to ${fallbackDir} (${messageOf(second)})`, 'gateway-migrate doctor');
    });
    return { opened, fellBack: `${reason}; it is in ${fallbackDir} instead` };
  }
}

/** Two runs may begin in the same second: the later gets a number. */
async function openNew(dir: string, { kind, at }: LogFileOptions): Promise<Opened> {
  await makeFolder(dir);
  const base = join(dir, `migration_${kind}_${fileStamp(at)}`);
  for (let number = 1; ; number += 1) {
    const path = number === 1 ? `${base}.log` : `${base}_${number}.log`;
    try {
      return { path, fd: openSync(path, 'ax', OWNER_ONLY) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** `2026-11-23T09:30:00.123+01:00 INFO  text`; line breaks stand as `\n`, so that one event is one line. */
function formatLine(event: StampedEvent): string {
  const { level, text } = logLine(event);
  return `${event.at} ${level.padEnd(5)} ${visibleLine(text)}`;
}

function appender({ fd, path }: Opened, onWriteError: (warning: string) => void): (text: string) => void {
  let isBroken = false;
  return (text) => {
    if (isBroken) return;
    try {
      appendFileSync(fd, text);
    } catch (error) {
      isBroken = true;
      onWriteError(`the log ${path} cannot be written any more (${messageOf(error)}); the run goes on without it`);
    }
  };
}

function progressThrottle(): (event: StampedEvent) => boolean {
  const lastMs = new Map<string, number>();
  return (event) => {
    if (event.type !== 'progress') return true;
    const atMs = Date.parse(event.at);
    if (atMs - (lastMs.get(event.id) ?? Number.NEGATIVE_INFINITY) < PROGRESS_EVERY_MS) return false;
    lastMs.set(event.id, atMs);
    return true;
  };
}
