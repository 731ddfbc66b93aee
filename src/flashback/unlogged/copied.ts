import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ActingKey } from '../../binlog/judgement/cascades.ts';
import type { LogRange } from '../../binlog/range.ts';
import type { NamedDatabase } from '../../binlog/subject.ts';
import { placeOf, type Transaction } from '../../binlog/transaction.ts';
import { isSameName } from '../../mysql/name.ts';
import { writeFileAtomically } from '../../system/files.ts';
import { failsAt } from '../cannot-undo.ts';
import type { Bounds, Effects, TableEffect } from '../collect.ts';
import { type Image, NetEffect } from '../net-effect.ts';
import { ROLES, type Role } from '../scratch.ts';
import { type Counts, nameOfRole } from './difference.ts';
import { type LoggedRows, readLoggedRows } from './images.ts';

/** What one transaction did to the tables that foreign keys may have changed: where the log has it of the copy. */
export interface CopiedTransaction {
  readonly place: string;
  /** Undefined: nothing, and nothing was logged. */
  readonly range: LogRange | undefined;
  /** In the order of `Copied.tables`. */
  readonly counts: readonly Counts[];
}

/** What transactions did, with their foreign keys, as a copy of the moment before each has shown. */
export interface Copied {
  /** The database that the copy was in. It is gone. */
  readonly database: string;
  /** Every table whose rows foreign keys may have changed. */
  readonly tables: readonly string[];
  /** The foreign keys of the copy that may have. */
  readonly keys: readonly ActingKey[];
  readonly transactions: readonly CopiedTransaction[];
}

/** Beside the copy of the log that the run keeps. */
export function copiedFolder({ folder }: Pick<LogRange, 'folder'>): string {
  return join(folder, 'foreign-keys');
}

function notePath(range: Pick<LogRange, 'folder'>): string {
  return join(copiedFolder(range), 'copied.json');
}

export function writeCopied(range: Pick<LogRange, 'folder'>, copied: Copied): Promise<void> {
  return writeFileAtomically(notePath(range), JSON.stringify(copied));
}

export async function readCopied(range: Pick<LogRange, 'folder'>): Promise<Copied | undefined> {
  const path = notePath(range);
  return existsSync(path) ? (JSON.parse(await readFile(path, 'utf8')) as Copied) : undefined;
}

/**
 * Puts what the copy has shown in the place of what the log has of the same tables: that is all of it, foreign keys included. Throws
 * a refusal where that is more than `bounds` allows, and an error where the log of the copy is not whole.
 */
export async function withCopied(
  effects: Effects,
  copied: Copied,
  transactions: readonly Transaction[],
  { ignoresCase }: NamedDatabase,
  bounds: Bounds,
  signal: AbortSignal,
): Promise<Effects> {
  const drafts = copied.tables.map(() => ({
    net: new NetEffect(),
    template: undefined as LoggedRows['template'] | undefined,
  }));
  let bytes = 0;
  for (const transaction of transactions) {
    const place = placeOf(transaction);
    const one = copied.transactions.find((each) => each.place === place);
    if (!one) throw new Error(`the copy of the moment before ${place} was not made`);
    // Counted before any is read: they are held in memory.
    const changed = one.counts.reduce((sum, { back, off, now }) => sum + back + off + now, 0);
    if (changed > bounds.rows) throw failsAt(transaction, tooMuch(changed, bounds));
    const onBytes = (more: number) => {
      bytes += more;
      if (bytes > bounds.bytes) throw failsAt(transaction, tooMuch(0, bounds));
    };
    const rows = await readRows(one, copied, ignoresCase, onBytes, signal);
    for (const [index, draft] of drafts.entries()) {
      const images = rows[index];
      if (!images) continue;
      draft.template ??= images.template;
      add(draft.net, images, place);
    }
    const held = [...effects.tables, ...drafts].reduce((sum, { net }) => sum + net.size, 0);
    if (held > bounds.rows) throw failsAt(transaction, tooMuch(held, bounds));
  }
  const [logged] = effects.touched;
  const isCopied = (table: string) => copied.tables.some((name) => isSameName(name, table, ignoresCase));
  const shown = drafts.flatMap(({ net, template }, index): TableEffect[] => {
    // All of it is put in by one description, which says whether there are checksums.
    const hasChecksum = logged?.template.hasChecksum ?? false;
    const table = copied.tables[index] ?? '';
    return template && net.size > 0 ? [{ table, template: { ...template, hasChecksum }, net, did: new Set() }] : [];
  });
  return { ...effects, tables: [...effects.tables.filter(({ table }) => !isCopied(table)), ...shown] };
}

function tooMuch(held: number, bounds: Bounds): string {
  const most = held > bounds.rows ? `${bounds.rows} rows` : `${Math.round(bounds.bytes / 1e6)} MB of rows`;
  return `with what foreign keys did it is more than can be undone in one transaction: ${most}`;
}

type RowsOfTable = Readonly<Record<Role, readonly Image[]>> & Pick<LoggedRows, 'template'>;

async function readRows(
  { range, counts }: CopiedTransaction,
  { database, tables }: Copied,
  ignoresCase: boolean,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<(RowsOfTable | undefined)[]> {
  const names = new Set(tables.flatMap((_, index) => ROLES.map((role) => nameOfRole(index, role))));
  const logged = range
    ? await readLoggedRows(range, { database, ignoresCase }, (table) => names.has(table), onBytes, signal)
    : new Map<string, LoggedRows>();
  return tables.map((table, index) => {
    const images = (role: Role) => logged.get(nameOfRole(index, role))?.images ?? [];
    const isWhole = ROLES.every((role) => images(role).length === counts[index]?.[role]);
    const isPaired = images('now').length === images('was').length;
    if (!isWhole || !isPaired)
      throw new Error(`the binary log does not have all rows of ${table} that foreign keys changed`);
    const [template] = ROLES.flatMap((role) => logged.get(nameOfRole(index, role))?.template ?? []);
    return template && { template, back: images('back'), off: images('off'), now: images('now'), was: images('was') };
  });
}

function add(net: NetEffect, { back, off, now, was }: RowsOfTable, place: string): void {
  for (const [at, image] of now.entries()) net.add(was[at], image, place);
  for (const image of back) net.add(image, undefined, place);
  for (const image of off) net.add(undefined, image, place);
}
