import type { Config } from '../../config/config.ts';
import type { Migration } from '../../migrations/types.ts';
import { byText } from '../../schema/group.ts';
import type { ObjectId, Snapshot, TableShape } from '../../schema/types.ts';
import type { Finding } from '../finding.ts';

export interface AdviceInput {
  /** Production before the migrations. */
  readonly before: Snapshot;
  /** The clone after them. */
  readonly after: Snapshot;
  readonly migrations: readonly Migration[];
  readonly tenant: Config['verify']['tenant'];
  readonly references: Config['verify']['references'];
}

/** A table that the migrations created or changed, as it is after them. */
export interface Review {
  readonly input: AdviceInput;
  readonly table: string;
  readonly shape: TableShape;
  /** Undefined when the migrations created it. */
  readonly before: TableShape | undefined;
  /** What production calls it. */
  readonly nameBefore: string;
}

/** Tables of `after` that are not in `before` as they are now. */
export function changedTables(input: AdviceInput): Review[] {
  const { before, after } = input;
  const changed = [...after.objects].flatMap(([id, { name, digest, table }]) => {
    const earlier = before.objects.get(originOf(id, input.migrations));
    if (!table || earlier?.digest === digest) return [];
    return [{ input, table: name, shape: table, before: earlier?.table, nameBefore: earlier?.name ?? name }];
  });
  return changed.sort(byText((review) => review.table));
}

/** What production calls an object: migrations may have given it another name. */
function originOf(id: ObjectId, migrations: readonly Migration[]): ObjectId {
  const touches = migrations.flatMap(({ up }) => up.flatMap((statement) => statement.touches));
  return touches.reduceRight(
    (name, touch) => (touch.action === 'rename' && touch.to === name ? touch.object : name),
    id,
  );
}

/** Whose doing a part (index, column) of the table is: `version` undefined, and advice at most, when it was there before. */
export function blame(
  review: Review,
  part: { readonly name: string; readonly isNew: boolean; readonly level?: Finding['level'] },
): Pick<Finding, 'level' | 'version'> {
  if (!part.isNew) return { level: part.level === 'hint' ? 'hint' : 'advice', version: undefined };
  return {
    level: part.level ?? 'advice',
    version: migrationOf(review.input.migrations, review.table, part.name)?.version,
  };
}

/** The last migration that touches the table in a statement that mentions `word`; else the last that touches it. */
export function migrationOf(migrations: readonly Migration[], table: string, word: string): Migration | undefined {
  const touching = migrations.filter((migration) => statementsOn(migration, table).length > 0);
  const mentioning = touching.filter((migration) =>
    statementsOn(migration, table).some(({ text }) => text.toLowerCase().includes(word.toLowerCase())),
  );
  return mentioning.at(-1) ?? touching.at(-1);
}

function statementsOn(migration: Migration, table: string) {
  const id = `table:${table}`.toLowerCase();
  return migration.up.filter(({ touches }) =>
    touches.some((touch) => touch.object.toLowerCase() === id || touch.to?.toLowerCase() === id),
  );
}
