import { underCircumstances } from '../../migrations/inverse/inverse.ts';
import { toStatement } from '../../migrations/sql/statement.ts';
import type { Statement } from '../../migrations/types.ts';
import type { ObjectId } from '../../schema/types.ts';
import type { JournalRow } from '../row.ts';

/** What remembers the session that made it. */
const REMEMBERS = /^(?:view|trigger|procedure|function|event):/;
/** What reads otherwise under another sql_mode: quoted text, escapes, `||`. */
const READS_OTHERWISE = /["\\]|\|\|/;

/**
 * PURE: statements of a down section, each that makes an object again which stood before the migration under the circumstances
 * that it remembered then: another tool may have made it (Laravel's connections are utf8mb4_unicode_ci), and nothing that the
 * section says would make it the same. `rows`: the journal of the way forward.
 */
export function remembering(statements: readonly Statement[], rows: readonly JournalRow[]): Statement[] {
  const up = rows.filter(({ direction, kind }) => direction === 'up' && kind !== 'start');
  return statements.flatMap((statement) => {
    const settings = settingsOf(statement, up);
    if (settings.length === 0) return [statement];
    return underCircumstances([statement.text], settings).map((sql) =>
      sql === statement.text ? statement : toStatement(sql, statement.line),
    );
  });
}

function settingsOf({ touches, text }: Statement, up: readonly JournalRow[]): readonly string[] {
  const [touch, another] = touches;
  if (!touch || another || touch.action !== 'create' || touch.schema !== undefined) return [];
  if (!REMEMBERS.test(touch.object)) return [];
  const settings = firstOf(touch.object, up)?.evidence.circumstances?.[touch.object] ?? [];
  const isRead = (setting: string) =>
    !setting.startsWith('sql_mode ') || !(READS_OTHERWISE.test(text) || setting.includes('ORACLE'));
  return settings.filter(isRead);
}

/** The first statement that touched it found what stood before the migration. */
function firstOf(object: ObjectId, up: readonly JournalRow[]): JournalRow | undefined {
  return up
    .filter(({ evidence }) => evidence.objects[object] !== undefined)
    .toSorted((a, b) => a.ordinal - b.ordinal)[0];
}
