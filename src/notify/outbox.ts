import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { NotifyTarget } from '../config/config.ts';
import { makeFolder, writeFileAtomically } from '../system/files.ts';
import { isAlive } from '../system/processes.ts';
import type { Message } from './message.ts';

/** `<run>/outbox/<id>.json`: written before the message is sent, and after each attempt. Holds no address and no login. */
export interface Letter {
  readonly message: Message;
  readonly target: { readonly type: NotifyTarget['type']; readonly key: string };
  readonly state: 'waiting' | 'delivered' | 'given up';
  readonly attempts: number;
  /** What the receiver said last. */
  readonly answer: string;
  /** Who sends it: while that process lives nobody else does. */
  readonly sender: { readonly host: string; readonly pid: number };
}

/** A letter and the file it is kept in. */
export interface Kept {
  readonly path: string;
  readonly letter: Letter;
}

/** Tells targets apart without naming them. */
export function keyOf(target: NotifyTarget): string {
  const place =
    target.type === 'email'
      ? [target.smtp.reveal(), ...target.to].join('\n')
      : target.type === 'command'
        ? target.run.join('\n')
        : target.url.reveal();
  return createHash('sha256').update(`${target.type}\n${place}`).digest('hex').slice(0, 16);
}

/** Keeps a new letter, durably: from here on somebody sends it, whatever happens to this process. */
export async function keep(folder: string, message: Message, target: NotifyTarget): Promise<Kept> {
  await makeFolder(outboxOf(folder));
  const letter: Letter = {
    ...{ message, target: { type: target.type, key: keyOf(target) }, state: 'waiting', attempts: 0, answer: '' },
    sender: { host: hostname(), pid: process.pid },
  };
  const path = letterPath(folder, message.id);
  await writeFileAtomically(path, `${JSON.stringify(letter, null, 2)}\n`);
  return { path, letter };
}

/** A letter with this id has been written for the run. */
export function isKept(folder: string, id: string): boolean {
  return existsSync(letterPath(folder, id));
}

function letterPath(folder: string, id: string): string {
  return join(outboxOf(folder), `${id}.json`);
}

/** Notes how an attempt ended; durably, as long as somebody must still send the letter. */
export async function note({ path, letter }: Kept, change: Partial<Letter>): Promise<Kept> {
  const changed = { ...letter, ...change, sender: { host: hostname(), pid: process.pid } };
  await writeFileAtomically(path, `${JSON.stringify(changed, null, 2)}\n`, { isFlushed: changed.state === 'waiting' });
  return { path, letter: changed };
}

/** Letters in these folders of runs that wait and that no living process of this machine is sending. */
export async function findWaiting(folders: readonly string[]): Promise<Kept[]> {
  const outboxes = folders.map(outboxOf).filter((outbox) => existsSync(outbox));
  const found = await Promise.all(outboxes.map(readOutbox));
  return found.flat().filter(({ letter }) => letter.state === 'waiting' && !isBeingSent(letter));
}

export async function readOutbox(outbox: string): Promise<Kept[]> {
  const names = (await readdir(outbox)).filter((name) => name.endsWith('.json')).sort();
  const kept = await Promise.all(names.map((name) => readLetter(join(outbox, name))));
  return kept.flat();
}

export function outboxOf(folder: string): string {
  return join(folder, 'outbox');
}

async function readLetter(path: string): Promise<Kept[]> {
  try {
    return [{ path, letter: JSON.parse(await readFile(path, 'utf8')) as Letter }];
  } catch {
    return [];
  }
}

function isBeingSent({ sender }: Letter): boolean {
  return sender.host === hostname() && sender.pid !== process.pid && isAlive(sender.pid);
}
