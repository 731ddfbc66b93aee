import type { Verdict } from '../recovery/verdict.ts';
import type { AccountDeed, Accounts } from './accounts.ts';

/**
 * `isGone`: what it takes away may be gone already, and then the server refuses its repetition. `isAsBefore`: nothing of it stands; else what
 * is repeated on the way forward may stand when the way back has come to its end.
 */
export type AccountVerdict = Verdict & { readonly isGone?: true; readonly isAsBefore?: true };

/**
 * PURE: decides a statement about accounts from what they were before it and are now. `hasFailed`: the server refused it, which on MariaDB
 * may be in the middle of a list. Both undefined where our account may not see them.
 */
export function decideAccounts(
  deed: AccountDeed | undefined,
  before: Accounts | undefined,
  now: Accounts | undefined,
  hasFailed: boolean,
): AccountVerdict {
  const canRepeat = !hasFailed && (deed === 'revoke' || deed === 'password');
  if (!before || !now) {
    const because = ['our account may not see the accounts'];
    return canRepeat ? { is: 'not-done', because, isGone: true } : { is: 'unknown', because };
  }
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
  const changed = names.filter((name) => before[name] !== now[name]);
  if (changed.length === 0) {
    return { is: 'not-done', because: ['the accounts are as they were before'], isAsBefore: true };
  }
  const because = changed.map((name) => says(name, before, now));
  if (deed === 'rename' && isMoved(changed, before, now)) return { is: 'done', because };
  const areAllGone = names.every((name) => now[name] === undefined);
  if (deed === 'drop' && areAllGone) return { is: 'done', because };
  return canRepeat ? { is: 'not-done', because, isGone: true } : { is: 'unknown', because };
}

function says(name: string, before: Accounts, now: Accounts): string {
  if (before[name] === undefined) return `account ${name} exists now`;
  return now[name] === undefined ? `account ${name} is gone` : `account ${name} differs from before`;
}

/** Each that is gone stands under a new name, and nothing else changed. */
function isMoved(changed: readonly string[], before: Accounts, now: Accounts): boolean {
  const gone = changed.filter((name) => now[name] === undefined).map((name) => before[name]);
  const made = changed.filter((name) => before[name] === undefined).map((name) => now[name]);
  return gone.length + made.length === changed.length && gone.sort().join() === made.sort().join();
}
