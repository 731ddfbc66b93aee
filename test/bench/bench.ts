import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchCase } from './case.ts';
import { backup, proof, restore } from './cases/backup.ts';
import { clone } from './cases/clone.ts';
import { coldStart } from './cases/cold-start.ts';
import { fingerprint } from './cases/fingerprint.ts';
import { migrate500 } from './cases/migrate-500.ts';
import { older } from './cases/older.ts';
import { rehearse500 } from './cases/rehearse-500.ts';
import { status500 } from './cases/status-500.ts';
import { telling } from './cases/telling.ts';
import { verifyOrphans } from './cases/verify-orphans.ts';
import { swap } from './cases/whole-restore.ts';
import { renderTable, type Table } from './figures.ts';
import { describeMachine } from './machine.ts';
import { installPeers } from './peers/install.ts';
import { withServers } from './servers.ts';

const CASES: readonly BenchCase[] = [
  coldStart,
  status500,
  migrate500,
  fingerprint,
  rehearse500,
  clone,
  backup,
  restore,
  proof,
  swap,
  verifyOrphans,
  older,
  telling,
];

/** Runs the named cases, or all; prints their tables and writes every figure to `bench-results.json`. */
export async function bench(root: string, names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !CASES.some((one) => one.name === name));
  if (unknown.length > 0) {
    console.error(`No benchmark ${unknown.join(', ')}; there are ${CASES.map((one) => one.name).join(', ')}`);
    return 64;
  }
  const chosen = CASES.filter((one) => names.length === 0 || names.includes(one.name));
  const peers = await installPeers(root);
  const tables: Table[] = [];
  await withServers(async (servers, storage) => {
    console.log(`${describeMachine()}; servers' files on ${storage}`);
    for (const one of chosen) {
      for await (const table of one.run({ root, servers, peers })) {
        tables.push(table);
        console.log(`\n${renderTable(table)}`);
      }
    }
  });
  const file = join(root, 'bench-results.json');
  writeFileSync(file, `${JSON.stringify({ machine: describeMachine(), tables }, null, 2)}\n`);
  console.log(`\nEvery figure is in ${file}`);
  return 0;
}
