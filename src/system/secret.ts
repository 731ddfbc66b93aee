import { inspect } from 'node:util';

const MASK = '••••••••';

/** A value that redacts itself wherever it is printed, logged, inspected or serialised. Only `reveal()` shows it. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}
