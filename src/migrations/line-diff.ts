const CONTEXT_LINES = 2;
/** Above this many pairs of lines the table would cost more than the answer is worth. */
const MAX_CELLS = 4_000_000;

interface DiffLine {
  readonly mark: ' ' | '-' | '+';
  readonly text: string;
}

/**
 * What changed from `before` to `after`: lines marked `-`, `+` or blank, with two lines around each change and `…`
 * where equal lines were left out. Empty when nothing did; kinds of line endings make no difference.
 */
export function diffLines(before: string, after: string): string[] {
  const lines = compare(toLines(before), toLines(after));
  const isNear = lines.map((_, at) =>
    lines.slice(Math.max(0, at - CONTEXT_LINES), at + CONTEXT_LINES + 1).some((line) => line.mark !== ' '),
  );
  if (!isNear.includes(true)) return [];
  return lines.flatMap((line, at) => {
    if (isNear[at]) return [`${line.mark} ${line.text}`.trimEnd()];
    return at > 0 && !isNear[at - 1] ? [] : ['…'];
  });
}

function toLines(text: string): string[] {
  return text
    .replace(/^\ufeff/, '')
    .trimEnd()
    .split(/\r?\n/);
}

/** Only what lies between the common beginning and the common end is compared line by line. */
function compare(before: readonly string[], after: readonly string[]): DiffLine[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  const most = Math.min(before.length, after.length) - head;
  while (tail < most && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  return [
    ...before.slice(0, head).map(keep),
    ...compareMiddle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(keep),
  ];
}

function compareMiddle(before: readonly string[], after: readonly string[]): DiffLine[] {
  if (before.length * after.length > MAX_CELLS) return [...before.map(remove), ...after.map(add)];
  const common = commonLengths(before, after);
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < before.length && j < after.length) {
    const [left = '', right = ''] = [before[i], after[j]];
    if (left === right) {
      lines.push(keep(left));
      i++;
      j++;
    } else if ((common[i + 1]?.[j] ?? 0) >= (common[i]?.[j + 1] ?? 0)) {
      lines.push(remove(left));
      i++;
    } else {
      lines.push(add(right));
      j++;
    }
  }
  return [...lines, ...before.slice(i).map(remove), ...after.slice(j).map(add)];
}

/** `[i][j]`: length of the longest common subsequence of the lines from i and from j on. */
function commonLengths(before: readonly string[], after: readonly string[]): Uint32Array[] {
  const table = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i--) {
    const [row, below] = [table[i], table[i + 1]];
    if (!row || !below) continue;
    for (let j = after.length - 1; j >= 0; j--) {
      row[j] = before[i] === after[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  return table;
}

const keep = (text: string): DiffLine => ({ mark: ' ', text });
const remove = (text: string): DiffLine => ({ mark: '-', text });
const add = (text: string): DiffLine => ({ mark: '+', text });
