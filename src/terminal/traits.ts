export const DEFAULT_WIDTH = 80;
/** Narrower lines are not redrawn: one that is wrapped cannot be erased. */
export const NARROWEST = 20;

/** Columns of a stream; a serial console, `script` and `docker -t` say 0 where they do not know. */
export function columnsOf(stream: object, otherwise = DEFAULT_WIDTH): number {
  return ('columns' in stream && Number(stream.columns)) || otherwise;
}

/** What a stream can show. */
export interface TerminalTraits {
  /** Lines may be redrawn: a real terminal, not a log of a build server. */
  readonly isTTY: boolean;
  readonly color: boolean;
  /** Columns. */
  readonly width: number;
  readonly isUnicode: boolean;
}

interface StreamFacts {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads a stream's abilities from the environment. Colour: `--no-color` over NO_COLOR (no-color.org: any value but
 * the empty one) over FORCE_COLOR over what the terminal is; `TERM=dumb` and `CI` have no lines that can be redrawn.
 */
export function terminalTraits(stream: StreamFacts, env: Environment, options: { noColor: boolean }): TerminalTraits {
  const isDumb = env.TERM === 'dumb';
  const isTerminal = stream.isTTY === true;
  return {
    isTTY: isTerminal && !isDumb && !isSet(env.CI) && columnsOf(stream) >= NARROWEST,
    color: hasColor(env, { isTerminal: isTerminal && !isDumb, noColor: options.noColor }),
    width: Math.max(NARROWEST, columnsOf(stream, Number(env.COLUMNS) || DEFAULT_WIDTH)),
    isUnicode: /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || ''),
  };
}

function hasColor(env: Environment, { isTerminal, noColor }: { isTerminal: boolean; noColor: boolean }): boolean {
  if (noColor || (env.NO_COLOR ?? '') !== '') return false;
  if (env.FORCE_COLOR !== undefined) return isSet(env.FORCE_COLOR) || env.FORCE_COLOR === '';
  return isTerminal;
}

/** `CI=false` and `FORCE_COLOR=0` mean no. */
function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0' && value !== 'false';
}
