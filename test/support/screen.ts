import { displayWidth } from '../../src/terminal/style.ts';

/** What may follow ESC: a control sequence, an operating system command, or a single character. */
const SEQUENCE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals are controlled by control characters
  /\x1b(?:\[([?>=]?)([\d;:]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()#%].|[78=>cDEHM])/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const INCOMPLETE = /^\x1b(?:$|\[[?>=]?[\d;:]*[ -/]*$|\][^\x07]*$|[()#%]$)/;
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * What a person sees on a terminal after some output: enough of a VT100 for programs that move the cursor and
 * erase lines. Colours are dropped; lines that scroll off the top are kept.
 */
export class Screen {
  readonly #cols: number;
  readonly #rows: number;
  /** Everything ever shown; the last `rows` lines are the screen. A cell '' continues the wide one before it. */
  #lines: string[][] = [[]];
  #row = 0;
  #col = 0;
  #saved = { row: 0, col: 0 };
  #rest = '';

  constructor(cols: number, rows: number) {
    this.#cols = cols;
    this.#rows = rows;
  }

  write(data: string): void {
    let text = this.#rest + data;
    this.#rest = '';
    while (text !== '') {
      const used = text.startsWith('\x1b') ? this.#control(text) : this.#print(text);
      if (used === 0) {
        this.#rest = text;
        return;
      }
      text = text.slice(used);
    }
  }

  /** The visible lines, without blanks at their ends and empty lines at the end. */
  text(): string {
    return render(this.#lines.slice(this.#top()));
  }

  /** Everything since the start, with what has scrolled away. */
  transcript(): string {
    return render(this.#lines);
  }

  #top(): number {
    return Math.max(0, this.#lines.length - this.#rows);
  }

  /** Takes text up to the next ESC. */
  #print(text: string): number {
    const end = text.indexOf('\x1b');
    const plain = end < 0 ? text : text.slice(0, end);
    for (const { segment } of graphemes.segment(plain)) this.#put(segment);
    return plain.length;
  }

  #put(grapheme: string): void {
    if (grapheme === '\r\n' || grapheme === '\n') {
      if (grapheme === '\r\n') this.#col = 0;
      this.#moveTo(this.#row + 1, this.#col);
    } else if (grapheme === '\r') this.#col = 0;
    else if (grapheme === '\b') this.#col = Math.max(0, this.#col - 1);
    else if (grapheme === '\t') this.#col = Math.min(this.#cols - 1, (Math.floor(this.#col / 8) + 1) * 8);
    else if (grapheme >= ' ') this.#putCell(grapheme);
  }

  #putCell(grapheme: string): void {
    const width = displayWidth(grapheme);
    // The cursor waits behind the last column; the next character wraps (the VT100's "pending wrap").
    if (this.#col + width > this.#cols) this.#moveTo(this.#row + 1, 0);
    const line = this.#line();
    while (line.length < this.#col) line.push(' ');
    line[this.#col] = grapheme;
    for (let filler = 1; filler < width; filler += 1) line[this.#col + filler] = '';
    this.#col += width;
  }

  #line(): string[] {
    while (this.#lines.length <= this.#row) this.#lines.push([]);
    return this.#lines[this.#row] as string[];
  }

  #moveTo(row: number, col: number): void {
    this.#row = Math.max(this.#top(), row);
    this.#col = Math.min(Math.max(0, col), this.#cols - 1);
    this.#line();
  }

  /** Takes one escape sequence; 0 when it is not complete yet. */
  #control(text: string): number {
    SEQUENCE.lastIndex = 0;
    const match = SEQUENCE.exec(text);
    if (!match) return INCOMPLETE.test(text) ? 0 : 1;
    const [sequence, mark, parameters, final] = match;
    if (sequence === '\x1b7') this.#save();
    else if (sequence === '\x1b8') this.#restore();
    else if (final !== undefined && mark === '') this.#csi(final, (parameters ?? '').split(';').map(Number));
    return sequence.length;
  }

  #csi(final: string, [first = 0, second = 0]: number[]): void {
    const count = Math.max(1, first);
    const bottom = this.#top() + this.#rows - 1;
    const moves: Record<string, () => void> = {
      A: () => this.#moveTo(this.#row - count, this.#col),
      B: () => this.#moveTo(Math.min(bottom, this.#row + count), this.#col),
      C: () => this.#moveTo(this.#row, this.#col + count),
      D: () => this.#moveTo(this.#row, this.#col - count),
      E: () => this.#moveTo(Math.min(bottom, this.#row + count), 0),
      F: () => this.#moveTo(this.#row - count, 0),
      G: () => this.#moveTo(this.#row, count - 1),
      H: () => this.#moveTo(this.#top() + count - 1, Math.max(1, second) - 1),
      d: () => this.#moveTo(this.#top() + count - 1, this.#col),
      J: () => this.#eraseScreen(first),
      K: () => this.#eraseLine(first),
      P: () => this.#line().splice(this.#col, count),
      s: () => this.#save(),
      u: () => this.#restore(),
    };
    moves[final === 'f' ? 'H' : final]?.();
  }

  #eraseLine(what: number): void {
    const line = this.#line();
    if (what === 0) line.length = Math.min(line.length, this.#col);
    else if (what === 1) line.fill(' ', 0, this.#col + 1);
    else line.length = 0;
  }

  #eraseScreen(what: number): void {
    const from = what === 0 ? this.#row + 1 : this.#top();
    const to = what === 1 ? this.#row : this.#lines.length;
    for (const line of this.#lines.slice(from, to)) line.length = 0;
    if (what < 2) this.#eraseLine(what);
  }

  #save(): void {
    this.#saved = { row: this.#row - this.#top(), col: this.#col };
  }

  #restore(): void {
    this.#moveTo(this.#top() + this.#saved.row, this.#saved.col);
  }
}

function render(lines: readonly string[][]): string {
  return lines
    .map((cells) => cells.join('').trimEnd())
    .join('\n')
    .trimEnd();
}
