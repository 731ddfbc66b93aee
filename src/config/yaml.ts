import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { configurationFailure, type Problem } from './problems.ts';
import type { Path } from './tree.ts';

interface ReadYaml {
  readonly value: unknown;
  /** The line, 1-based, of the value at a path, or of the nearest thing around it. */
  lineOf(path: Path): number;
}

/**
 * Throws one `Failure` with every syntax error, its line and column. The parser's messages are cut where they begin to
 * quote the file, which may hold a password.
 */
export function readYaml(text: string, shown: string, problems: Problem[]): ReadYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const toProblem = ({ pos, message }: { pos: [number, number]; message: string }): Problem => {
    const { line, col } = lines.linePos(pos[0]);
    return { path: `${shown}:${line}:${col}`, text: message.replace(/(?:: |, but found|"|\\).*$/s, '') };
  };
  if (document.errors.length > 0) {
    throw configurationFailure(document.errors.map(toProblem), 'gateway-migrate doctor');
  }
  // A warning means that a value was read as something else: a password that begins with "!" as a tag.
  problems.push(
    ...document.warnings.map(toProblem).map(({ path, text }) => ({ path, text: `${text}: put the value in quotes` })),
  );
  return { value: document.toJS(), lineOf: (path) => lines.linePos(offsetOf(document, path)).line };
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
