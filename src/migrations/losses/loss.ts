/** What a statement takes from the rows of a table, and no schema tells. */
export interface Loss {
  readonly table: string;
  /** For people: `column note of orders`, `rows of orders`. */
  readonly what: string;
  /** False: a server in strict mode refuses to lose anything here. */
  readonly isCertain: boolean;
  /** The column, where one goes with all its values. */
  readonly column?: string;
}
