import { type ActingKey, acts } from '../../binlog/judgement/cascades.ts';
import { classify } from '../../migrations/classify/classify.ts';
import { isSameName } from '../../mysql/name.ts';

/** PURE: what a key does by itself: `ON DELETE CASCADE`, or both. */
export function rulesOf({ onDelete, onUpdate }: Pick<ActingKey, 'onDelete' | 'onUpdate'>): string {
  const rules = [acts(onDelete) && `ON DELETE ${onDelete}`, acts(onUpdate) && `ON UPDATE ${onUpdate}`];
  return rules.filter((rule) => rule !== false).join(' ');
}

/** PURE: keys of production that a copy of it does not have, or not so often. Both are of one database each. */
export function lackingKeys(
  keys: readonly ActingKey[],
  copied: readonly ActingKey[],
  { ignoresCase }: { readonly ignoresCase: boolean },
): ActingKey[] {
  const rest = [...copied];
  return keys.filter((key) => {
    const at = rest.findIndex(
      (one) =>
        isSameName(one.table, key.table, ignoresCase) &&
        isSameName(one.parentTable, key.parentTable, ignoresCase) &&
        rulesOf(one) === rulesOf(key),
    );
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}

/** PURE: the statement may have given the table that key, so a copy of before it does not have it. */
export function mayGiveKey(text: string, { table }: ActingKey, ignoresCase: boolean): boolean {
  if (!/\b(?:REFERENCES|RENAME)\b/i.test(text)) return false;
  const names = classify(text).touches.flatMap(({ object, to }) => [object, to ?? object]);
  return names.some((object) => object.startsWith('table:') && isSameName(object.slice(6), table, ignoresCase));
}
