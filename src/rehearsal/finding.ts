/** Something that a rehearsal found in the migrations, or in what they meet in production. */
export interface Finding {
  /** In kebab-case, e.g. `unique-with-null`: what `-- migrate:allow NAME reason` in the file silences. */
  readonly name: string;
  /** An `error` makes the migrations not ready. */
  readonly level: 'error' | 'advice';
  readonly group: string;
  /** The migration that brings it; undefined when it was there before. */
  readonly version?: string | undefined;
  readonly object: string;
  readonly what: string;
  readonly why: string;
  readonly fix: string;
}
