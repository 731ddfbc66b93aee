import type { Session } from '../../mysql/connect.ts';
import { createAsRemembered } from '../../schema/creation.ts';
import type { Creation } from '../../schema/definitions.ts';
import type { ObjectKind } from '../../schema/types.ts';

/** Whether the account was allowed to name another as the definer. */
export type Made = 'as-it-was' | 'without-definer';

const ER_SPECIFIC_ACCESS_DENIED = 1227;
const ER_LOCK_DEADLOCK = 1213;
const DEADLOCK_TRIES = 5;
const DEFINER = / DEFINER=`(?:[^`]|``)*`(?:@`(?:[^`]|``)*`)?/;

/**
 * Makes an object under the circumstances that it remembers. Throws the server's error. An event is made disabled: in
 * a rehearsal nothing must happen by itself.
 */
export async function createObject(session: Session, kind: ObjectKind, creation: Creation): Promise<Made> {
  const text = kind === 'event' ? disabled(creation.text) : creation.text;
  try {
    await withoutDeadlock(() => createAsRemembered(session, { ...creation, text }));
    return 'as-it-was';
  } catch (error) {
    if ((error as { errno?: number }).errno !== ER_SPECIFIC_ACCESS_DENIED || !DEFINER.test(text)) throw error;
    await createAsRemembered(session, { ...creation, text: text.replace(DEFINER, '') });
    return 'without-definer';
  }
}

function disabled(text: string): string {
  return text.replace(/( ON COMPLETION (?:NOT )?PRESERVE) (?:ENABLE|DISABLE ON (?:SLAVE|REPLICA))\b/, '$1 DISABLE');
}

/** CREATE TABLE of two children of one parent at the same time can meet a deadlock in the data dictionary. */
async function withoutDeadlock<T>(act: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await act();
    } catch (error) {
      if ((error as { errno?: number }).errno !== ER_LOCK_DEADLOCK || tries === DEADLOCK_TRIES) throw error;
    }
  }
}
