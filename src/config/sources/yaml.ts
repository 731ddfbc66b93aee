import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import { configurationFailure, type Problem } from '../problems.ts';
import type { Path } from './tree.ts';

interface ReadYaml {
  readonly value: unknown;
  /** The line, 1-based, of the value at a path, or of the nearest thing around it. */
  lineOf(path: Path): number;
}

// YAML ends a plain text at a brace inside { … }, so `{ url: ${NAME} }` would be no YAML. While it is parsed, the
// braces of references are two characters of the private use area: as long, so that lines and columns stay true.
const REFERENCE = /\$\{([A-Za-z_][\w.]*)\}/g;
const BARE = '$$\uE000$1\uE001';
const BARE_REFERENCE = /\$\uE000([\w.]+)\uE001/g;

function withBraces(_key: unknown, value: unknown): unknown {
  return typeof value === 'string' ? value.replace(BARE_REFERENCE, '$${$1}') : value;
}

/** Where the parser's messages begin to quote the file. */
const QUOTATION =
  /(?:: |, but found|, so (?=!)| "(?!quote$)| \\|(?<=^Unknown directive) |(?<=^Unsupported YAML version) ).*$/s;
/** And where one stands in the middle of a message. */
const QUOTED_TAG = /^The !.* tag (?=has no suffix$)/s;

/**
 * Throws one `Failure` with every syntax error, its line and column. What the parser quotes from the file is cut off: it
 * may be a part of a password.
 */
export function readYaml(text: string, shown: string, problems: Problem[]): ReadYaml {
  const lines = new LineCounter();
  const document = parseDocument(text.replace(REFERENCE, BARE), { lineCounter: lines, prettyErrors: false });
  const toProblem = ({ pos, message }: { pos: [number, number]; message: string }): Problem => {
    const { line, col } = lines.linePos(pos[0]);
    return { path: `${shown}:${line}:${col}`, text: message.replace(QUOTED_TAG, 'The tag ').replace(QUOTATION, '') };
  };
  const errors = [...document.errors, ...findDeadAliases(document)];
  if (errors.length > 0) throw configurationFailure(errors.map(toProblem), 'gateway-migrate doctor');
  // A warning means that a value was read as something else: a password that begins with "!" as a tag.
  problems.push(
    ...document.warnings.map(toProblem).map(({ path, text }) => ({ path, text: `${text}: put the value in quotes` })),
  );
  return {
    value: document.toJS({ reviver: withBraces }),
    lineOf: (path) => lines.linePos(offsetOf(document, path)).line,
  };
}

/** A password that begins with "*" reads as an alias, which the parser notices too late to tell where. */
function findDeadAliases(document: Document): { pos: [number, number]; message: string }[] {
  const dead: { pos: [number, number]; message: string }[] = [];
  visit(document, {
    Alias(_key, alias) {
      const [start = 0, end = 0] = alias.range ?? [];
      if (!alias.resolve(document))
        dead.push({ pos: [start, end], message: 'Alias of nothing, put the value in quotes' });
    },
  });
  return dead;
}

/** Where the key of a path begins, or the last thing on the way to it that exists. */
function offsetOf(document: Document, path: Path): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const key of path) {
    const [at, below] = step(node, key);
    if (at === undefined) break;
    offset = at;
    node = below;
  }
  return offset;
}

function step(node: unknown, key: PropertyKey): [number | undefined, unknown] {
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
    return [isNode(pair?.key) ? pair.key.range?.[0] : undefined, pair?.value];
  }
  const item = isSeq(node) ? node.items[Number(key)] : undefined;
  return [isNode(item) ? item.range?.[0] : undefined, item];
}
