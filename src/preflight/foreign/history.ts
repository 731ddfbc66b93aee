import type { Migration } from '../../migrations/types.ts';

export const FOREIGN_TOOLS = [
  'dbmate',
  'golang-migrate',
  'flyway',
  'liquibase',
  'laravel',
  'knex',
  'prisma',
  'goose',
  'sequelize',
] as const;
export type ForeignTool = (typeof FOREIGN_TOOLS)[number];

/** One line of another tool's history. */
export interface ForeignEntry {
  /** A version, or the name that the tool knows the migration by. */
  readonly name: string;
  /** Another name of it: Liquibase knows a change set by its id and by its file. */
  readonly alias?: string | undefined;
  /** `failed`: the tool itself does not know how much of it is in place. */
  readonly state: 'applied' | 'failed';
  /** Nothing is noted of what came before it: all of that is applied. */
  readonly isUpTo?: boolean | undefined;
}

/** What the table of another tool says of this database. */
export interface ForeignHistory {
  readonly tool: ForeignTool;
  readonly table: string;
  readonly entries: readonly ForeignEntry[];
}

/** What another tool says of one of the migrations that have no row in our own history. */
export interface Claim {
  readonly migration: Migration;
  readonly state: ForeignEntry['state'];
}

/** A history that speaks of pending migrations. */
export interface ForeignClaims {
  readonly history: ForeignHistory;
  /** In the order of the migrations. */
  readonly claims: readonly Claim[];
}
