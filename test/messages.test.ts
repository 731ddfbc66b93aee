import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Literal, literalsOf } from './support/literals.ts';

/** The functions and classes that an error, a warning or a finding is made with. */
const MAKERS =
  /^(?:\w*(?:Error|Failure|Failed|failure)|refusal|failedUnchanged|changed|failedToRead|Unreadable|NoWayBack|fails|fail|warns|advise)$/;
/** The properties and constants that carry the words of one. */
const CARRIERS = /^(?:what|why|fix|state|next|remedy|reason|problem|complaint|obstacle)$/;
const SQL =
  /^\s*(?:IF\(|SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|SHOW|SET|WITH|FROM|LEFT JOIN|EXPLAIN|CASE|COALESCE)(?:\s|(?<=\())/;

interface Message extends Literal {
  readonly file: string;
}

const messages = filesIn('../src').flatMap(({ file, text }) =>
  literalsOf(text)
    .filter(isMessage)
    .map((literal): Message => ({ ...literal, file })),
);
const HOLE = '\0';
const tested = filesIn('.').flatMap(({ text }) => literalsOf(text).map(({ parts }) => parts.join(HOLE)));

function filesIn(folder: string): { readonly file: string; readonly text: string }[] {
  const root = join(import.meta.dirname, folder);
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.includes('node_modules'))
    .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }));
}

/** At least two words, where an error is made. */
function isMessage({ parts, within }: Literal): boolean {
  const words = parts.join(' ').match(/(?<![\w-])[A-Za-z]{2,}(?![\w-])/g) ?? [];
  const isProse = words.length > 1 && parts.some((part) => part.includes(' ')) && !SQL.test(parts[0] ?? '');
  return isProse && !within.includes('described') && within.some((name) => MAKERS.test(name) || CARRIERS.test(name));
}

/** Its fixed pieces stand in one text of a test, in this order. */
function isCompared({ parts }: Literal): boolean {
  return tested.some((text) => {
    let at = 0;
    return parts.every((part) => {
      const found = text.indexOf(part, at);
      at = found + part.length;
      return found >= 0;
    });
  });
}

describe('error messages', () => {
  test('are found where errors are made', () => {
    const found = literalsOf("throw refusal(`${a ? 'one or' : b} holds the lock`, { next: 'two words' }); // 'no'");
    expect(found.map(({ parts, within }) => ({ parts, within }))).toEqual([
      { parts: ['one or'], within: ['refusal'] },
      { parts: ['', ' holds the lock'], within: ['refusal'] },
      { parts: ['two words'], within: ['refusal', 'next'] },
    ]);
    expect(literalsOf('const found = a / b ? /^took \\d+ ms\\.$/ : c / 2;').map(({ parts }) => parts)).toEqual([
      ['took ', ' ms.'],
    ]);
    expect(messages.length).toBeGreaterThan(300);
  });

  /**
   * Whoever fails this has written a message that no test compares: bring it about in the test of that file (with the
   * real server where one is needed) and compare the whole of it: what failed, the state, and what to type next.
   */
  test('are each compared word for word by a test', () => {
    const untested = messages.filter((message) => !isCompared(message));
    const told = untested.map(({ file, line, parts }) => `src/${file}:${line} ${parts.join('…')}`);
    expect(told, 'bring each of these about in a test, and compare the whole sentence').toEqual([]);
  });
});
