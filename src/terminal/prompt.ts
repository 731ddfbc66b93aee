/** Questions to the person at the terminal. The only user of inquirer. */
export interface Prompt {
  /** False without a terminal: then every question throws a refusal that names `--yes`. */
  readonly isInteractive: boolean;
  /**
   * Asks `question (yes/no)`; true only for the word `yes` typed in full. Anything but yes or no is asked again.
   * With `--yes` it answers itself, and reports that it did.
   */
  confirm(question: string): Promise<boolean>;
  /** One line of text. */
  text(question: string, defaultAnswer?: string): Promise<string>;
  /** One of several; resolves with the choice's value. */
  choose<T extends string>(question: string, choices: readonly { value: T; label: string }[]): Promise<T>;
}
