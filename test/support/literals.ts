/** A string, template or regular expression in a source file, unescaped. */
export interface Literal {
  /** Its fixed pieces; an interpolation lies between each two. */
  readonly parts: readonly string[];
  readonly line: number;
  /** The calls and the keys (of properties, of constants) that it is written in, from the outside in. */
  readonly within: readonly string[];
}

/** What a bracket stands behind, and the key that is being written within it. */
interface Bracket {
  readonly opener: string;
  readonly callee: string | undefined;
  key?: string | undefined;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', v: '\v', '0': '\0' };
const CLOSERS: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };
/** After these a slash begins a regular expression, as after any punctuation that opens or joins; else it divides. */
const BEFORE_PATTERN =
  /(?:^|[(,=:[!&|?{};+>~-]|(?:^|[^\w$.])(?:return|typeof|case|in|of|throw|await|yield|void|else|do))$/;

/** All of them, in the order they are written in: those of an interpolation come before the template around them. */
export function literalsOf(source: string): Literal[] {
  const found: Literal[] = [];
  readCode(source, 0, [{ opener: '', callee: undefined }], found);
  return found;
}

/** Reads up to the brace that closes this piece of code, or to the end; returns where that is. */
function readCode(source: string, from: number, brackets: Bracket[], found: Literal[]): number {
  const outside = brackets.length;
  let at = from;
  while (at < source.length) {
    const char = source[at] as string;
    if (source.startsWith('//', at)) at = endOf(source, '\n', at);
    else if (source.startsWith('/*', at)) at = endOf(source, '*/', at);
    else if (char === '/' && BEFORE_PATTERN.test(before(source, at).trimEnd())) at = readPattern(source, at, found);
    else if (char === "'" || char === '"' || char === '`') at = readLiteral(source, at, brackets, found);
    else if (char === '}' && brackets.length === outside) return at;
    else track(source, at++, brackets);
  }
  return at;
}

/** Keeps up with brackets and keys. */
function track(source: string, at: number, brackets: Bracket[]): void {
  const char = source[at] as string;
  const inner = brackets.at(-1);
  if ('([{'.includes(char)) brackets.push({ opener: char, callee: calleeBefore(source, at) });
  else if (inner && inner.opener === CLOSERS[char]) brackets.pop();
  else if (inner && (char === ',' || char === ';')) inner.key = undefined;
  else if (inner && char === ':') inner.key = /(?<![\w$.])(\w+)$/.exec(before(source, at))?.[1] ?? inner.key;
  else if (inner && char === '=') inner.key = /\bconst (\w+)(?:: [^=]*)? $/.exec(before(source, at))?.[1] ?? inner.key;
}

function calleeBefore(source: string, at: number): string | undefined {
  return source[at] === '(' ? /([\w$]+)$/.exec(before(source, at))?.[1] : undefined;
}

function before(source: string, at: number): string {
  return source.slice(Math.max(0, at - 80), at);
}

function endOf(source: string, mark: string, from: number): number {
  const at = source.indexOf(mark, from);
  return at < 0 ? source.length : at + mark.length;
}

/** What a regular expression spells out; whatever it leaves open stands between its parts. */
function readPattern(source: string, from: number, found: Literal[]): number {
  const end = patternEnd(source, from);
  const spelt = source.slice(from + 1, end - 1).replace(/^\^|\$$/g, '');
  const parts = spelt.split(/\\[dDsSwWb][*+?]?|\[(?:\\.|[^\]])*\][*+?]?|(?<!\\)\.[*+?]?|(?<!\\)[()|]/);
  const line = source.slice(0, from).split('\n').length;
  found.push({ parts: parts.map((part) => part.replace(/\\(.)/g, '$1')), within: [], line });
  return end;
}

function patternEnd(source: string, from: number): number {
  let isInClass = false;
  for (let at = from + 1; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (source[at] === '[') isInClass = true;
    else if (source[at] === ']') isInClass = false;
    else if (source[at] === '/' && !isInClass) return at + 1;
  }
  return source.length;
}

function readLiteral(source: string, from: number, brackets: Bracket[], found: Literal[]): number {
  const quote = source[from];
  const within = brackets.flatMap(({ callee, key }) => [callee, key]).filter((name) => name !== undefined);
  const parts = [''];
  let at = from + 1;
  while (at < source.length && source[at] !== quote) {
    const isEscape = source[at] === '\\';
    if (quote === '`' && source.startsWith('${', at)) {
      parts.push('');
      at = readCode(source, at + 2, [...brackets], found) + 1;
    } else {
      const { text, length } = isEscape ? readEscape(source.slice(at + 1, at + 12)) : { text: source[at], length: 0 };
      parts.push(`${parts.pop()}${text}`);
      at += 1 + length;
    }
  }
  found.push({ parts, within, line: source.slice(0, from).split('\n').length });
  return at + 1;
}

function readEscape(after: string): { text: string; length: number } {
  const code = /^(?:u\{([\da-f]+)\}|u([\da-f]{4})|x([\da-f]{2}))/i.exec(after);
  const hex = code?.[1] ?? code?.[2] ?? code?.[3];
  if (code && hex) return { text: String.fromCodePoint(Number.parseInt(hex, 16)), length: code[0].length };
  const letter = after[0] ?? '';
  return { text: letter === '\n' ? '' : (ESCAPES[letter] ?? letter), length: 1 };
}
