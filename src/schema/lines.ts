const MAX_CELLS = 4_000_000;

/**
 * The lines that differ, `- ` those of `before` and `+ ` those of `after`, in order, without context. Texts of more than
 * some 2,000 differing lines each are shown as wholly replaced.
 */
export function diffLines(before: readonly string[], after: readonly string[]): string[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  const shorter = Math.min(before.length, after.length) - head;
  while (tail < shorter && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  const left = before.slice(head, before.length - tail);
  const right = after.slice(head, after.length - tail);
  if (left.length * right.length > MAX_CELLS) {
    return [...left.map((line) => `- ${line}`), ...right.map((line) => `+ ${line}`)];
  }
  return walk(left, right, commonLengths(left, right));
}

/** `lengths[i][j]`: the longest common subsequence of `left` from i and `right` from j. */
function commonLengths(left: readonly string[], right: readonly string[]): Uint32Array[] {
  const lengths = Array.from({ length: left.length + 1 }, () => new Uint32Array(right.length + 1));
  for (let i = left.length - 1; i >= 0; i--) {
    const row = lengths[i] as Uint32Array;
    const below = lengths[i + 1] as Uint32Array;
    for (let j = right.length - 1; j >= 0; j--) {
      row[j] = left[i] === right[j] ? at(below, j + 1) + 1 : Math.max(at(below, j), at(row, j + 1));
    }
  }
  return lengths;
}

function walk(left: readonly string[], right: readonly string[], lengths: readonly Uint32Array[]): string[] {
  const lines: string[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && left[i] === right[j]) {
      i++;
      j++;
    } else if (j >= right.length || (i < left.length && at(lengths[i + 1], j) >= at(lengths[i], j + 1))) {
      lines.push(`- ${left[i++]}`);
    } else {
      lines.push(`+ ${right[j++]}`);
    }
  }
  return lines;
}

function at(row: Uint32Array | undefined, index: number): number {
  return row?.[index] ?? 0;
}
