import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connect, type Server, type Session } from '../../src/mysql/connect.ts';
import type { RunEvent } from '../../src/run/events.ts';
import { LockLost } from '../../src/run/heartbeat.ts';
import { type HeldLease, mayTake, readLease } from '../../src/run/lease.ts';
import { describeHolder, lockName, withLock } from '../../src/run/lock.ts';
import { Secret } from '../../src/system/secret.ts';
import { describeOnServers } from '../support/servers.ts';

const TIMES = { beatEveryMs: 50, answerWithinMs: 2_000, retakeWithinMs: 5_000 };
const LEASE_ROW = "run = 'lease' AND version = 'lease'";

describe('may take the lease', () => {
  const held: HeldLease = {
    owner: 'first',
    user: 'deployer',
    host: 'web1',
    pid: 7,
    command: 'deploy',
    run: 'r1',
    since: '2026-11-23 14:30:00',
    silentSeconds: 3,
    connectionId: 12,
  };
  test.each([
    ['nobody has it', undefined, false, true],
    ['its owner', { ...held, owner: 'second' }, false, true],
    ['a living owner, where GET_LOCK does not bind', held, false, false],
    ['a living owner, whose GET_LOCK we hold', held, true, true],
    ['silent for 19 s', { ...held, silentSeconds: 19 }, false, false],
    ['silent for 20 s', { ...held, silentSeconds: 20 }, false, true],
  ] as const)('%s', (_, lease, lockBinds, expected) => {
    expect(mayTake(lease, 'second', lockBinds)).toBe(expected);
  });
});

test('one database has one lock, however its name is spelt', () => {
  expect(lockName('Shop')).toBe(lockName('shop'));
  expect(lockName('shop')).not.toBe(lockName('shop2'));
  expect(lockName('x'.repeat(64)).length).toBeLessThanOrEqual(64);
});

describeOnServers('the lock on a database', (server) => {
  let database: string;
  let production: Server;
  let root: Session;
  let events: RunEvent[];
  const request = () => ({
    server: production,
    command: 'deploy',
    run: 'r1',
    times: TIMES,
    report: (event: RunEvent) => void events.push(event),
  });
  const notes = () => events.flatMap((event) => (event.type === 'note' ? [event.text] : []));

  beforeEach(async () => {
    events = [];
    database = await server().createDatabase('lock');
    production = await connect(server().target(database));
    root = await production.open();
  });
  afterEach(() => root.close());

  /** Waits for something that happens by itself: the heartbeat, or the server's end of a connection. */
  async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  async function holderOfLock(): Promise<number | null> {
    const [row] = await root.query<{ id: number | null }>(`SELECT IS_USED_LOCK('${lockName(database)}') AS id`);
    return row?.id == null ? null : Number(row.id);
  }

  test('a second one is refused, and told who, where, and since when', async () => {
    await withLock(request(), async () => {
      const lease = await readLease(root);
      const refused = withLock({ ...request(), run: 'r2' }, async () => 'must not run');
      await expect(refused).rejects.toMatchObject({ exitCode: 5 });
      await expect(refused).rejects.toThrow(
        `another run holds the lock: \`deploy\` of ${lease?.user}@${lease?.host} (process ${process.pid}), since ${lease?.since} UTC, run r1`,
      );
      expect(await describeHolder(root)).toContain(`(process ${process.pid})`);
    });
    expect(await describeHolder(root)).toBeUndefined();
    expect(await readLease(root)).toBeUndefined();
    expect(await withLock(request(), async () => 'free again')).toBe('free again');
  });

  test('of twenty that start at once, one at a time works', async () => {
    let inside = 0;
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () =>
        withLock(request(), async () => {
          inside++;
          expect(inside).toBe(1);
          await new Promise((resolve) => setTimeout(resolve, 100));
          inside--;
        }),
      ),
    );
    expect(outcomes.some((outcome) => outcome.status === 'fulfilled')).toBe(true);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ exitCode: 5 });
    }
  });

  test('one that only reads makes no tables, and is named by its connection, or by its lease where there are tables', async () => {
    const reading = { ...request(), command: 'backup create', readsOnly: true };
    const tables = () => root.query('SHOW TABLES');
    await withLock(reading, async () => {
      const refused = withLock(request(), async () => 'must not run');
      await expect(refused).rejects.toMatchObject({
        message: `connection ${await holderOfLock()} of root@localhost holds the lock on ${database}`,
        exitCode: 5,
      });
      expect(await tables()).toEqual([]);
    });
    expect(await holderOfLock()).toBeNull();
    await withLock(request(), async () => undefined);
    await withLock(reading, async () => {
      await expect(withLock(request(), async () => 'must not run')).rejects.toThrow(
        /^another run holds the lock: `backup create` of /,
      );
    });
    expect(await readLease(root)).toBeUndefined();
    const outcome = withLock(reading, async (lock) => {
      await root.query(`KILL ${await holderOfLock()}`);
      await until(() => notes().length > 0);
      lock.lost.throwIfAborted();
      return 'held again';
    });
    expect(await outcome).toBe('held again');
  });

  test('somebody who holds it by hand is named by the connection', async () => {
    await root.query(`SELECT GET_LOCK('${lockName(database)}', 0)`);
    await expect(withLock(request(), async () => 'must not run')).rejects.toMatchObject({
      message: `connection ${root.connectionId} of root@localhost holds the lock on ${database}`,
      exitCode: 5,
      next: 'gateway-migrate status (shows when it has ended)',
    });
  });

  test('what begins late fails when another run has taken over', async () => {
    await withLock(request(), async ({ fence }) => {
      const [late, later] = [await production.open(), await production.open()];
      const begin = async (session: Session) => {
        for (const sql of fence()) await session.query(sql);
      };
      await begin(late);
      await root.query(`UPDATE gateway_migrate_journal SET evidence = '{}' WHERE ${LEASE_ROW}`);
      await expect(begin(later)).rejects.toMatchObject({
        errno: 1231,
        message: "Variable 'sql_mode' can't be set to the value of 'another run has taken over'",
      });
      await Promise.all([late.close(), later.close()]);
    });
  });

  test('what an earlier run has left writing is ended first, and waited for where it may not be', async () => {
    await root.query("CREATE USER IF NOT EXISTS narrow@localhost IDENTIFIED BY 'x'");
    await root.query(`GRANT ALL ON \`${database}\`.* TO narrow@localhost`);
    const narrow = await connect({ ...server().target(database), user: 'narrow', password: new Secret('x') });
    const [ours, theirs] = [await narrow.open(), await production.open()];
    await ours.query(`SELECT GET_LOCK('${lockName(database)}.3', 0)`);
    await theirs.query(`SELECT GET_LOCK('${lockName(database)}.15', 0)`);
    const working = withLock({ ...request(), server: narrow }, async () => 'alone');
    await until(() => notes().length > 0);
    const thread = theirs.connectionId;
    expect(notes()).toEqual([
      `a client program of an earlier run still writes on the server (thread ${thread}) and was told to stop. Waiting for its end; as an administrator: KILL ${thread}`,
    ]);
    await expect(ours.query('SELECT 1')).rejects.toThrow();
    await theirs.query(`DO RELEASE_LOCK('${lockName(database)}.15')`);
    expect(await working).toBe('alone');
    ours.destroy();
    await theirs.close();
  });

  test('a connection killed from outside: the lock is taken again, and the work goes on', async () => {
    await withLock(request(), async (lock) => {
      const before = await holderOfLock();
      await root.query(`KILL ${before}`);
      await until(async () => notes().length > 0);
      expect(notes()).toEqual(['the connection that holds the lock was lost; the lock was taken again']);
      expect(await holderOfLock()).not.toBe(before);
      expect(lock.lost.aborted).toBe(false);
      const session = await lock.server.open();
      expect(await session.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
      await session.close();
    });
  });

  test('a connection killed from outside, and somebody else is faster: no statement goes through any more', async () => {
    let letGo: () => void = () => undefined;
    const other = await withLock(request(), async (lock) => {
      const session = await lock.server.open();
      const thief = await production.open({ multipleStatements: true });
      await until(async () => {
        // In one packet, so that the heartbeat rarely comes between.
        const holder = await holderOfLock();
        if (holder !== null) await thief.query(`KILL ${holder}; SELECT GET_LOCK('${lockName(database)}', 1)`);
        return (await holderOfLock()) === thief.connectionId;
      });
      await root.query(
        `UPDATE gateway_migrate_journal SET connection_id = ${thief.connectionId}, evidence = REPLACE(evidence, '"r1"', '"r9"'),
           finished = NOW(3), digest = '' WHERE ${LEASE_ROW}`,
      );
      await root.query(
        `UPDATE gateway_migrate_journal SET evidence = JSON_SET(evidence, '$.owner', 'thief') WHERE ${LEASE_ROW}`,
      );
      letGo = () => thief.destroy();
      await until(() => lock.lost.aborted);
      expect(lock.lost.reason).toBeInstanceOf(LockLost);
      expect((lock.lost.reason as Error).message).toMatch(
        /^the lock on the database was lost: another run holds the lock: .*run r9$/,
      );
      await expect(lock.server.open()).rejects.toThrow(LockLost);
      await until(() =>
        session.query('SELECT 1').then(
          () => false,
          () => true,
        ),
      );
      return readLease(root);
    });
    expect(other?.owner).toBe('thief');
    // Giving up, the loser has not taken the winner's lease away.
    expect((await readLease(root))?.owner).toBe('thief');
    letGo();
  });

  test.each([
    ['has given it back', 'DO 0'],
    [
      'died with it',
      `REPLACE INTO gateway_migrate_journal (run, version, direction, ordinal, digest, kind, connection_id, state, started, finished, evidence)
       VALUES ('lease', 'lease', 'up', 0, '', 'lease', 1, 'held', NOW(3), NOW(3) - INTERVAL 1 DAY, '{"owner":"dead","run":"r9"}')`,
    ],
  ] as const)('somebody had the lock in between and %s: it is not taken again', async (_, afterwards) => {
    await withLock({ ...request(), times: { ...TIMES, beatEveryMs: 60_000, provenForMs: 0 } }, async (lock) => {
      const session = await lock.server.open();
      await root.query(`KILL ${await holderOfLock()}`);
      await withLock({ ...request(), run: 'r9' }, async () => undefined);
      await root.query(afterwards);
      // As it wakes up, it has a statement in its hands.
      await expect(session.query('CREATE TABLE by_a_sleeper (id INT)')).rejects.toThrow(LockLost);
      await expect(lock.confirmIfLate()).rejects.toThrow(LockLost);
      expect(lock.lost.aborted).toBe(true);
    });
    expect(await root.query("SHOW TABLES LIKE 'by_a_sleeper'")).toEqual([]);
  });

  test('who takes the place of a silent owner ends what it left idle on the server', async () => {
    const left = await production.open();
    await left.query("SELECT GET_LOCK('gateway_migrate.work.r1', 0)");
    // Its next beat would take the lock back.
    await withLock({ ...request(), times: { ...TIMES, beatEveryMs: 60_000 } }, async () => {
      await root.query(`KILL ${await holderOfLock()}`);
      await withLock({ ...request(), run: 'r9' }, async () => undefined);
    });
    await expect(left.query('SELECT 1')).rejects.toThrow();
  });

  test('a lease that was taken away while GET_LOCK is held is noticed', async () => {
    await withLock(request(), async (lock) => {
      await root.query(
        `UPDATE gateway_migrate_journal SET evidence = JSON_SET(evidence, '$.owner', 'thief') WHERE ${LEASE_ROW}`,
      );
      // On a single server holding GET_LOCK proves the thief wrong: the lease is written anew.
      await until(async () => (await readLease(root))?.owner !== 'thief');
      expect(lock.lost.aborted).toBe(false);
    });
  });

  test('a dead owner: its lease is as good as gone at once when its connection is', async () => {
    await withLock(request(), async () => undefined);
    const evidence = JSON.stringify({ owner: 'dead', user: 'u', host: 'h', pid: 1, command: 'deploy', run: 'r0' });
    await root.query(
      `INSERT INTO gateway_migrate_journal (run, version, direction, ordinal, digest, kind, connection_id, state, started, finished, evidence)
       VALUES ('lease', 'lease', 'up', 0, '', 'lease', 999999, 'held', NOW(3), NOW(3), ?)`,
      [evidence],
    );
    expect(await describeHolder(root)).toBeUndefined();
    expect(await withLock(request(), async () => 'taken')).toBe('taken');
  });

  test('a silent owner whose machine died keeps neither the lock nor its connection', async () => {
    await withLock(request(), async () => undefined);
    const silent = await production.open();
    await silent.query(`SELECT GET_LOCK('${lockName(database)}', 0)`);
    const evidence = JSON.stringify({ owner: 'dead', user: 'u', host: 'h', pid: 1, command: 'deploy', run: 'r0' });
    const note = (seconds: number) =>
      root.query(
        `REPLACE INTO gateway_migrate_journal (run, version, direction, ordinal, digest, kind, connection_id, state, started, finished, evidence)
         VALUES ('lease', 'lease', 'up', 0, '', 'lease', ?, 'held', NOW(3), NOW(3) - INTERVAL ? SECOND, ?)`,
        [silent.connectionId, seconds, evidence],
      );
    // A lease that is old beside a connection that is not: a living one has the number of a dead one.
    await note(3_600);
    await expect(withLock(request(), async () => undefined)).rejects.toMatchObject({ exitCode: 5 });
    await until(async () => {
      const [thread] = await root.query<{ seconds: number }>(
        'SELECT TIME AS seconds FROM information_schema.PROCESSLIST WHERE ID = ?',
        [silent.connectionId],
      );
      return Number(thread?.seconds) >= 2;
    });
    expect(await withLock({ ...request(), deadAfterSeconds: 2 }, async () => 'taken')).toBe('taken');
    await expect(silent.query('SELECT 1')).rejects.toThrow();
  });

  test('the server killed and started again: the lock is waited for and taken again', async () => {
    await withLock({ ...request(), times: { ...TIMES, retakeWithinMs: 60_000 } }, async (lock) => {
      await server().kill();
      const opening = lock.server.open();
      await server().start();
      const session = await opening;
      expect(await session.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
      await session.close();
    });
    root = await production.open();
    expect(await readLease(root)).toBeUndefined();
  });

  test('a server that does not come back ends the waiting', async () => {
    const times = { ...TIMES, retakeWithinMs: 300 };
    await withLock({ ...request(), times }, async (lock) => {
      await server().kill();
      await expect(lock.server.open()).rejects.toThrow(LockLost);
      await expect(lock.server.open()).rejects.toThrow(/^the lock on the database was lost: connect E/);
    });
    await server().start();
    root = await production.open();
  });
});
