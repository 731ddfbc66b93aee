import { join } from 'node:path';
import { type BenchCase, rounds } from '../case.ts';
import { type Contender, compete } from '../contest.ts';

/** What it costs to start at all: `--help` of each tool, against Node doing nothing. */
export const coldStart: BenchCase = {
  name: 'cold-start',
  async *run({ root, peers }) {
    const node = (name: string, args: string[]): Contender => ({ name, file: process.execPath, args, cwd: peers.dir });
    const contenders = [
      node('node -e 0', ['-e', '0']),
      node('gateway-migrate --help', [join(root, 'bin/gateway-migrate.js'), '--help']),
      ...(peers.dbmate ? [{ name: 'dbmate --help (a binary)', file: peers.dbmate, args: ['--help'] }] : []),
      node('knex --help', [peers.knex, '--help']),
      node('umzug, a script that loads it', [peers.umzug, '--help']),
    ];
    const figures = await compete(contenders, rounds(31));
    yield { title: 'Cold start', baseline: 'node -e 0', figures };
  },
};
