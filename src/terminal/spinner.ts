import type { Ora } from 'ora';
import type { Look } from './look.ts';
import { columnsOf, NARROWEST } from './traits.ts';

export interface SpinnerOptions {
  readonly stream: NodeJS.WritableStream;
  readonly look: Look;
  /** Asked at every frame: what stands behind the text. */
  readonly suffix: () => string;
}

const FRAME_MS = 100;

/** ora, loaded when the first spinner is needed: most commands end before, and start faster without it. */
export class Spinner {
  readonly #options: SpinnerOptions;
  #loading: Promise<void> | undefined;
  #ora: Ora | undefined;
  #text: string | undefined;

  constructor(options: SpinnerOptions) {
    this.#options = options;
  }

  /** Draws the line, or redraws it with another text. */
  start(text: string): void {
    this.#text = text;
    this.#loading ??= this.#load();
    this.#apply();
  }

  /** Erases the line, before this returns. */
  stop(): void {
    this.#text = undefined;
    this.#apply();
  }

  #apply(): void {
    if (this.#ora === undefined) return;
    if (this.#text === undefined) {
      if (this.#ora.isSpinning) this.#ora.stop();
      return;
    }
    this.#ora.text = this.#text;
    if (!this.#ora.isSpinning) this.#ora.start();
  }

  async #load(): Promise<void> {
    const { stream, look, suffix } = this.#options;
    const { default: ora } = await import('ora');
    this.#ora = ora({
      stream: withColumns(stream),
      isEnabled: true,
      // Raw mode would swallow Ctrl-C, and keys typed early belong to nobody: the next question drops them.
      discardStdin: false,
      color: false,
      spinner: { interval: FRAME_MS, frames: look.glyphs.frames.map(look.palette.accent) },
      suffixText: suffix,
    });
    this.#apply();
  }
}

/** ora divides by the columns that the stream says at each frame: at 0 it would erase lines for ever. */
function withColumns(stream: NodeJS.WritableStream): NodeJS.WritableStream {
  return Object.create(stream, { columns: { get: () => Math.max(NARROWEST, columnsOf(stream)) } });
}
