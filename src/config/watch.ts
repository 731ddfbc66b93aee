import * as z from 'zod/mini';
import { described, duration, list, pattern, percentage, section, text, wholeNumber } from './values.ts';

/** A whole number with a default. */
const atLeast = (min: number, usual: number) => z._default(wholeNumber(min, 1_000_000), usual);

const patterns = () => list(pattern(), 'a list of texts');
const thresholds = section({
  errorRate: described(
    'What may fail, of the executions of one query and of the answers of the site, before it is major',
    z.prefault(percentage(), '1%'),
  ),
  slower: described(
    'How much slower a query or the site may be than before the deploy, beyond what the load of now explains',
    z.prefault(percentage(), '50%'),
  ),
  slowerByMs: described('A query is not slower unless its mean is so many milliseconds more', atLeast(0, 1)),
  leastVolume: described(
    'Statements that have to be seen before anything is called healthy, and executions before a query is judged',
    atLeast(1, 50),
  ),
  leastErrors: described('Errors of a kind in the last minute before they can be major', atLeast(1, 3)),
  falseAlarms: described(
    'The chance that a whole watch of a healthy site ends with a false alarm of its tests',
    z.prefault(percentage(), '1%'),
  ),
  siteDown: described('How long the site may answer wrongly without a break', z.prefault(duration(), '30s')),
  spaceFree: described('The share of a disk, or of memory, that must be free', z.prefault(percentage(), '3%')),
  rowsLost: described(
    'The share of the rows of a table of the deploy, or of a table that it refers to, that may go',
    z.prefault(percentage(), '20%'),
  ),
});
/** `monitor`: how long, how often, what of logs counts, and what is worth an alarm. */
export const monitor = section({
  for: described('How long monitor watches', z.prefault(duration(), '30m')),
  every: described('How often it looks', z.prefault(duration(), '5s')),
  checkpoints: described(
    'When it judges the data too, and says its verdict; the one at the end is always there',
    z.prefault(z.array(duration(), 'a list of durations'), ['1m', '5m', '15m', '30m']),
  ),
  thresholds: described('What is worth an alarm', thresholds),
  logs: described(
    'Log files to follow, and the texts or /regular expressions/ in new entries that count; relative paths begin at app.dir',
    list(
      z.strictObject(
        { path: text('the path of a log file'), minor: patterns(), major: patterns(), critical: patterns() },
        'a mapping with path',
      ),
      'a list of { path, minor, major, critical }',
    ),
  ),
});
