import type { Finding } from '../../src/rehearsal/finding.ts';

/** What the server says of it, which is another sentence on each server. */
const SERVER_WORDS = /(?<=(?: is refused| done| could not be deleted|not known): )[A-Z].*/g;
/** Each scene has databases of its own. */
const DATABASE = /\b(production|clone)_\d+\b/g;

/** All that findings say to their reader, as one text. */
export function tell(findings: readonly Finding[]): string {
  return findings
    .map(({ level, version, name, object, what, why, fix }) =>
      [`${level} ${version ?? 'before'} ${name} ${object}`, `what: ${what}`, `why:  ${why}`, `fix:  ${fix}`].join('\n'),
    )
    .join('\n\n')
    .replaceAll(DATABASE, '$1')
    .replaceAll(SERVER_WORDS, '(as the server says)');
}
