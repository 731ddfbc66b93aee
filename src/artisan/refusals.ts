import { basename } from 'node:path';
import type { Direction, Refused } from './answers.ts';
import { SIDE_EFFECT } from './script.ts';

/** Why a migration cannot be translated, and what helps. */
export interface Refusal {
  readonly version: string;
  /** By which it is told, and looked up in docs/laravel.md. */
  readonly name: string;
  readonly what: string;
  readonly remedy: string;
}

type Told = Pick<Refused, 'version' | 'direction' | 'message'> & Partial<Pick<Refused, 'class' | 'file' | 'line'>>;

/** PURE: what the PHP program has refused, in words. */
export function explain(refused: Refused): Refusal {
  return { version: refused.version || 'application', ...(RULES[refused.rule] ?? failed)(refused) };
}

type Words = Omit<Refusal, 'version'>;

const RULES: Readonly<Record<string, (told: Told) => Words>> = {
  'own-connection': (told) => ({
    name: 'own-connection',
    what: `${told.message} opens a connection of its own, which cannot be followed${at(told)}`,
    remedy: 'send the statement by DB::statement or DB::unprepared',
  }),
  'other-connection': (told) => ({
    name: 'other-connection',
    what: `it uses the connection ${told.message}, which leads elsewhere than to the database of the configuration${at(told)}`,
    remedy: 'give what is for that database a migration, and a configuration, of its own',
  }),
  'other-database': (told) => ({
    name: 'other-database',
    what: `the application's connection ${told.message}, not to the database of the configuration`,
    remedy: 'make database.name and DB_DATABASE of the application the same',
  }),
  'side-effect': (told) => ({
    name: SIDE_EFFECT,
    what: `${told.message} acts outside the database: it would happen when the migration is translated, and not when it is applied${at(told)}`,
    remedy: `move it to a command of the application; or say that it may happen then: // migrate:allow ${SIDE_EFFECT} why`,
  }),
  'generated-key': (told) => ({
    name: 'generated-key',
    what: `the key that the server gives a new row is used by a later statement${at(told)}: ${excerpt(told.message)}`,
    remedy: 'give the row its key, or write DB::statement with INSERT … SELECT, or with LAST_INSERT_ID()',
  }),
  'leaves-the-clone': (told) => ({
    name: 'leaves-the-clone',
    what: `it names a database, acts on the whole server, or runs SQL that is put together while it runs${at(told)}: ${excerpt(told.message)}`,
    remedy: 'leave the name of the database out; or rehearsal: private, where nothing else can be reached',
  }),
  'should-not-run': () => ({
    name: 'should-not-run',
    what: 'its shouldRun() says no: Laravel would pass it by, and ask again the next time',
    remedy: 'take the file out of the folder until it is to run, or remove shouldRun()',
  }),
};

function failed(told: Told): Words {
  return {
    name: `php-${told.direction}-fails`,
    what: `${told.class}: ${told.message}${at(told)}`,
    remedy:
      told.direction === 'boot'
        ? 'php artisan about, in the folder of the application, tells more'
        : 'mend the migration, then the same command again',
  };
}

export function readsRows(version: string, direction: Direction, sql: string, from: string): Refusal {
  return {
    version,
    name: 'reads-rows',
    what: `its ${direction}() reads rows of ${from}, so that its statements depend on what is there: ${excerpt(sql)}`,
    remedy: 'let the server do it in one statement: DB::statement with UPDATE … JOIN or INSERT … SELECT',
  };
}

export function rolledBack(version: string, direction: Direction): Refusal {
  return {
    version,
    name: 'rolled-back',
    what: `its ${direction}() rolls a transaction back and goes on: whether it does so in production cannot be known`,
    remedy: 'let the failure end the migration, or leave out what is rolled back',
  };
}

export function caught(version: string, direction: Direction, sql: string, error: string): Refusal {
  return {
    version,
    name: 'failed-and-caught',
    what: `its ${direction}() goes on after a statement that failed (${error}): ${excerpt(sql)}`,
    remedy: 'ask before instead of catching: Schema::hasTable, Schema::hasColumn; or INSERT IGNORE',
  };
}

export function notText(version: string, direction: Direction, sql: string): Refusal {
  return {
    version,
    name: 'cannot-be-applied',
    what: `its ${direction}() sends bytes that are no UTF-8: ${excerpt(sql)}`,
    remedy: "bind the value (DB::statement(…, [$value])), or write it as X'…'",
  };
}

export function endedEarly(version: string, said: string): Refusal {
  return {
    version,
    name: 'php-ended',
    what: `PHP ended in the middle of it${said === '' ? '' : `: ${said}`}`,
    remedy: 'leave out exit() and die(); mend what PHP says',
  };
}

function at({ file, line }: Told): string {
  return file === undefined || file === '' ? '' : ` (${basename(file)}:${line})`;
}

const EXCERPT = 160;

function excerpt(sql: string): string {
  const line = sql.replace(/\s+/g, ' ').trim();
  return line.length > EXCERPT ? `${line.slice(0, EXCERPT)}…` : line;
}
