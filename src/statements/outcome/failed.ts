import { messageOf } from '../../errors.ts';
import type { Section } from '../turn.ts';
import type { Numbered } from '../unit.ts';

/** A statement of a migration that the server refused, or whose connection was lost. */
export class StatementFailed extends Error {
  override readonly name = 'StatementFailed';
  readonly version: string;
  readonly ordinal: number;
  readonly line: number;

  constructor(section: Section, { ordinal, statement }: Numbered, cause: unknown) {
    const part = section.direction === 'up' ? '' : ' of the way back';
    super(
      `statement ${ordinal} of ${section.of}${part} in ${section.version} (${statement.verb}): ${serverWords(cause)}`,
      {
        cause,
      },
    );
    this.version = section.version;
    this.ordinal = ordinal;
    this.line = statement.line;
  }
}

function serverWords(error: unknown): string {
  const { errno } = error as { errno?: number };
  return errno === undefined ? messageOf(error) : `${messageOf(error)} (error ${errno})`;
}

/** True when the server itself refused, rather than the connection broke under the statement. */
export function isServerError(error: unknown): boolean {
  const parts = error as { errno?: number; sqlState?: string; fatal?: boolean };
  return typeof parts.sqlState === 'string' && parts.fatal !== true && !LOST.has(parts.errno ?? 0);
}

/** Server shutdown in progress, connection killed, aborting connection, new connection while shutting down. */
const LOST = new Set([1053, 1152, 1184, 1927, 3169]);
