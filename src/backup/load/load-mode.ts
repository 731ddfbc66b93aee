/** How a dump sets the mode of its session, in its first lines. */
const MODE = "SQL_MODE='NO_AUTO_VALUE_ON_ZERO'";
/** The dump programs' first lines are far shorter. */
const LONGEST_PREAMBLE = 64 * 1024;

/**
 * A dump's own mode makes a table of an engine that is not there one of another engine. `ignoresFolders`: where a table lay in a
 * folder of its own (DATA DIRECTORY, INDEX DIRECTORY), it is made without one.
 */
export function strictMode(ignoresFolders: boolean): string {
  const modes = ['NO_AUTO_VALUE_ON_ZERO', 'NO_ENGINE_SUBSTITUTION', ...(ignoresFolders ? ['NO_DIR_IN_CREATE'] : [])];
  return `SQL_MODE='${modes.join(',')}'`;
}

/** PURE: a dump's first lines with another mode. */
export function setMode(preamble: string, mode: string): string {
  return preamble.replace(MODE, () => mode);
}

/** The same for a dump that begins with them. */
export async function* setModeOf(dump: AsyncIterable<Buffer>, mode: string): AsyncGenerator<Buffer> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of dump) {
    if (!head) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (!head.includes(MODE) && head.length < LONGEST_PREAMBLE) continue;
    yield replaced(head, mode);
    head = undefined;
  }
  if (head) yield replaced(head, mode);
}

function replaced(head: Buffer, mode: string): Buffer {
  const at = head.subarray(0, LONGEST_PREAMBLE).indexOf(MODE);
  return at === -1 ? head : Buffer.concat([head.subarray(0, at), Buffer.from(mode), head.subarray(at + MODE.length)]);
}
