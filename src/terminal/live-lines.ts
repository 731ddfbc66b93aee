import type { Look } from './look.ts';
import { Spinner } from './spinner.ts';
import { formatDuration, truncateToWidth } from './style.ts';
import { columnsOf, NARROWEST } from './traits.ts';

export interface LiveLinesOptions {
  readonly stream: NodeJS.WritableStream;
  readonly isTTY: boolean;
  readonly look: Look;
  readonly ticksMs: () => number;
}

const SHOW_ELAPSED_AFTER_MS = 1_000;
/** Columns for the spinner and ` 59 m 59 s`. */
const ROOM_FOR_ELAPSED = 14;

/** A stream of lines with at most one live line below them, which steps aside for lines and for questions. */
export class LiveLines {
  readonly #options: LiveLinesOptions;
  readonly #spinner: Spinner;
  #activity: { text: string; sinceMs: number } | undefined;
  #endsBlank = false;
  /** Lines that wait until the open question is answered. */
  #held: string[] | undefined;

  constructor(options: LiveLinesOptions) {
    this.#options = options;
    this.#spinner = new Spinner({ stream: options.stream, look: options.look, suffix: () => this.#elapsed() });
  }

  /** Empty lines keep blocks apart: of two that meet, one is dropped. */
  print(lines: readonly string[]): void {
    if (this.#held !== undefined) {
      this.#held.push(...lines);
      return;
    }
    const shown = lines.filter((line, index) => {
      const followsBlank = index === 0 ? this.#endsBlank : lines[index - 1] === '';
      return line !== '' || !followsBlank;
    });
    if (shown.length === 0) return;
    this.#endsBlank = shown.at(-1) === '';
    this.#spinner.stop();
    this.#options.stream.write(`${shown.join('\n')}\n`);
    this.#draw();
  }

  /** Says what is going on, with the time since `sinceMs` (monotonic). Only on a terminal. */
  show(text: string, sinceMs: number): void {
    this.#activity = { text, sinceMs };
    this.#draw();
  }

  hide(): void {
    this.#activity = undefined;
    this.#draw();
  }

  /** A question is open: nothing is drawn or printed until `resume`. */
  pause(): void {
    this.#held ??= [];
    this.#draw();
  }

  resume(): void {
    const lines = this.#held ?? [];
    this.#held = undefined;
    this.#endsBlank = false;
    this.print(lines);
    this.#draw();
  }

  #draw(): void {
    const { isTTY, look, stream } = this.#options;
    const columns = columnsOf(stream, look.width);
    if (!isTTY || columns < NARROWEST || this.#held !== undefined || this.#activity === undefined) {
      this.#spinner.stop();
      return;
    }
    this.#spinner.start(truncateToWidth(this.#activity.text, columns - ROOM_FOR_ELAPSED, look.glyphs.ellipsis));
  }

  #elapsed(): string {
    const ms = this.#activity === undefined ? 0 : this.#options.ticksMs() - this.#activity.sinceMs;
    return ms < SHOW_ELAPSED_AFTER_MS ? '' : this.#options.look.palette.quiet(formatDuration(ms));
  }
}
