import path from 'node:path';
import type { Config } from '../../../src/config/config.ts';
import { connect, type Server, type Session } from '../../../src/mysql/connect.ts';
import { cloneSchema } from '../../../src/rehearsal/clone/clone.ts';
import { withPlace } from '../../../src/rehearsal/clone/place.ts';
import { roomForEmptyTables } from '../../../src/rehearsal/clone/room.ts';
import { withScratch } from '../../../src/schema/scratch.ts';
import { readSnapshot } from '../../../src/schema/snapshot.ts';
import type { Snapshot } from '../../../src/schema/types.ts';
import { systemExec } from '../../../src/system/exec.ts';
import { type BenchCase, rounds } from '../case.ts';
import { runOnce } from '../contest.ts';
import { type Figure, toFigure } from '../figures.ts';
import type { BenchServer } from '../servers.ts';
import { createTables } from '../tables.ts';

const TABLES = 1_000;
const SOURCE = 'source';
const COPY = 'source_copy';
const CHARSET = { charset: 'utf8mb4', collation: 'utf8mb4_unicode_ci' };

/**
 * The schema of 1,000 tables with foreign keys into another database: by hand with the dump program and the client, and
 * as a rehearsal does it, on the same server and on a private one that is started for it. Reading the schema counts.
 */
export const clone: BenchCase = {
  name: 'clone',
  async *run({ servers }) {
    for (const server of servers) {
      const figures = await measure(server);
      yield { title: `Clone of ${TABLES} tables, ${server.label}`, baseline: BY_HAND, figures };
    }
  },
};

const BY_HAND = 'dump --no-data to a file, then the client';
const PIPED = 'dump --no-data piped into the client';

async function measure(server: BenchServer): Promise<Figure[]> {
  const session = await (await connect(server.root.target('mysql'))).open({ database: null });
  try {
    await createTables(session, SOURCE, TABLES);
    await session.query(`USE ${SOURCE}`);
    const place = await connect(server.root.target(SOURCE), { database: null });
    const copy = await connect(server.root.target(COPY), { database: null });
    const ways: Record<string, () => Promise<unknown>> = {
      [BY_HAND]: () => byHand(server, BY_HAND, (dump, load) => `${dump} > "$6" && ${load} < "$6"`),
      [PIPED]: () => byHand(server, PIPED, (dump, load) => `${dump} | ${load}`),
      'gateway-migrate, same server': async () => cloneOnto(session, copy, await readSnapshot(session, SOURCE)),
      'gateway-migrate, private server': async () => {
        const snapshot = await readSnapshot(session, SOURCE);
        return withPlace(
          {
            config: { rehearsal: 'private' } as Config,
            production: place,
            session,
            exec: systemExec,
            env: { ...process.env, PATH: [server.binDir, path.join(server.binDir, '../sbin')].join(':') },
            // As a rehearsal of migrations that copy no rows asks for it.
            roomBytes: roomForEmptyTables({ snapshot, migrations: [] }),
          },
          (found) => cloneOnto(session, found.server, snapshot),
        );
      },
    };
    return await inTurn(ways, async () => server.recreate(COPY));
  } finally {
    await session.close();
  }
}

/** With the dump program and the client, put together by `join` as a line of shell. */
async function byHand(server: BenchServer, name: string, join: (dump: string, load: string) => string): Promise<void> {
  const { binDir, client, socket } = server;
  const isMariaDb = client.endsWith('mariadb');
  const program = path.join(binDir, isMariaDb ? 'mariadb-dump' : 'mysqldump');
  // Else MySQL's client may not load the dump into the server that it comes from.
  const without = isMariaDb ? '--no-data' : '--set-gtid-purged=OFF';
  const dump = '"$0" --no-defaults -uroot -S "$2" --no-data "$5" "$3"';
  const load = '"$1" --no-defaults -uroot -S "$2" "$4"';
  const file = path.join(path.dirname(server.socket), 'schema.sql');
  await runOnce({
    name,
    file: 'sh',
    args: ['-c', join(dump, load), program, client, socket, SOURCE, COPY, without, file],
  });
}

/** Making it is timed, and what a rehearsal needs to make it; dropping it is not. */
async function cloneOnto(production: Session, onto: Server, snapshot: Snapshot): Promise<void> {
  await withScratch(onto, { name: onto.target.database, ...CHARSET, keep: true }, async () => {
    const { creations, shortfalls } = await cloneSchema(production, snapshot, onto);
    if (creations.size !== TABLES || shortfalls.length > 0) throw new Error(JSON.stringify(shortfalls.slice(0, 3)));
  });
}

async function inTurn(ways: Record<string, () => Promise<unknown>>, prepare: () => Promise<void>): Promise<Figure[]> {
  const times = new Map(Object.keys(ways).map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds(5); round++) {
    for (const [name, act] of Object.entries(ways)) {
      await prepare();
      const startedMs = performance.now();
      await act();
      times.get(name)?.push(performance.now() - startedMs);
    }
  }
  return [...times].map(([name, all]) => toFigure(name, all));
}
