import { Chalk, type ChalkInstance } from 'chalk';
import { DEFAULT_WIDTH } from './traits.ts';

type Paint = (text: string) => string;

/** Colours by what they mean, never by their name. */
export interface Palette {
  readonly good: Paint;
  readonly bad: Paint;
  readonly warning: Paint;
  readonly strong: Paint;
  readonly quiet: Paint;
  readonly accent: Paint;
}

export interface Glyphs {
  readonly good: string;
  readonly bad: string;
  readonly warning: string;
  readonly advice: string;
  readonly remedy: string;
  readonly dot: string;
  readonly ellipsis: string;
  readonly frames: readonly string[];
}

const unicodeGlyphs: Glyphs = {
  good: '✔',
  bad: '✖',
  warning: '▲',
  advice: '•',
  remedy: '→',
  dot: '·',
  ellipsis: '…',
  frames: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
};

/** For locales that are not UTF-8. */
const asciiGlyphs: Glyphs = {
  good: '+',
  bad: 'x',
  warning: '!',
  advice: '*',
  remedy: '->',
  dot: '-',
  ellipsis: '...',
  frames: ['-', '\\', '|', '/'],
};

/** How output looks: given to every view, so that views stay pure. */
export interface Look {
  readonly palette: Palette;
  readonly glyphs: Glyphs;
  /** Columns. */
  readonly width: number;
}

export interface LookOptions {
  readonly color: boolean;
  readonly isUnicode: boolean;
  readonly width: number;
}

export function createLook({ color, isUnicode, width }: LookOptions): Look {
  // Sixteen colours on purpose: the person's own theme decides how they look, and every terminal has them.
  const chalk = new Chalk({ level: color ? 1 : 0 });
  // chalk joins all its arguments: as a callback of `map` it would print the index too.
  const paint =
    (style: ChalkInstance): Paint =>
    (text) =>
      color ? style(text) : text;
  return {
    width,
    glyphs: isUnicode ? unicodeGlyphs : asciiGlyphs,
    palette: {
      good: paint(chalk.green),
      bad: paint(chalk.red),
      warning: paint(chalk.yellow),
      strong: paint(chalk.bold),
      quiet: paint(chalk.dim),
      accent: paint(chalk.cyan),
    },
  };
}

/** Without colour, for output that is not a terminal. */
export const plainLook = createLook({ color: false, isUnicode: true, width: DEFAULT_WIDTH });
