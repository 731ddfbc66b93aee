import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect, type Server, type Session } from '../../src/mysql/connect.ts';
import { boundLockWaits, type Patience, withPatience } from '../../src/statements/patience.ts';
import { type RecordedContext, recordedContext } from '../support/recorded-context.ts';
import { describeOnServers } from '../support/servers.ts';

const PATIENCE: Patience = { lockWaitSeconds: 1, lockRetries: 2 };

describeOnServers('patience with locks', (server) => {
  let production: Server;
  let work: Session;
  let observer: Session;
  let blocker: Session;
  let context: RecordedContext;
  const opened: Session[] = [];

  async function open(): Promise<Session> {
    const session = await production.open({ purpose: 'migration' });
    opened.push(session);
    return session;
  }

  beforeEach(async () => {
    const database = await server().createDatabase('patience');
    await server().sql('CREATE TABLE items (id INT PRIMARY KEY, n INT); INSERT INTO items VALUES (1, 1)', database);
    production = await connect(server().target(database));
    [work, observer, blocker] = [await open(), await open(), await open()];
    context = recordedContext(production);
    await boundLockWaits(work, PATIENCE);
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((session) => session.close()));
  });

  function run(sql: string, changes: { isInGroup?: boolean; context?: RecordedContext } = {}) {
    const on = { session: work, observer, patience: PATIENCE, context, isInGroup: false, canRepeat: true, ...changes };
    return withPatience(() => work.execute(sql), on);
  }

  test('an old transaction blocks an ALTER: it is named, tried again, and given up with nothing changed', async () => {
    await blocker.execute('START TRANSACTION');
    await blocker.execute('SELECT n FROM items WHERE id = 1');
    const altering = run('ALTER TABLE items ADD COLUMN extra INT');
    const who = new RegExp(`thread ${blocker.connectionId}, root@localhost, open for \\d+ s: `);
    await expect(altering).rejects.toThrow(/^no lock after 3 tries; in the way: /);
    await expect(altering).rejects.toThrow(who);
    await expect(altering).rejects.toMatchObject({ exitCode: 2, production: 'unchanged' });
    const retries = context.notes().filter((note) => /^no lock after \d+ ms .*trying again, \d of 2$/.test(note));
    expect(retries).toHaveLength(2);
    expect(
      context
        .notes()
        .filter((note) => note.startsWith('Waiting for table metadata lock; in the way: '))
        .join(),
    ).toMatch(who);
    await blocker.execute('COMMIT');
    expect((await work.query('SHOW COLUMNS FROM items')).length).toBe(2);
  });

  test('the blocker ends in time: the ALTER is done once', async () => {
    await blocker.execute('START TRANSACTION');
    await blocker.execute('SELECT n FROM items WHERE id = 1');
    const altering = run('ALTER TABLE items ADD COLUMN extra INT');
    while (!context.notes().some((note) => note.includes('trying again'))) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await blocker.execute('COMMIT');
    await altering;
    expect((await work.query('SHOW COLUMNS FROM items')).length).toBe(3);
  });

  test('a victim behind the waiting ALTER gets its turn between two attempts', async () => {
    await blocker.execute('START TRANSACTION');
    await blocker.execute('SELECT n FROM items WHERE id = 1');
    const altering = run('ALTER TABLE items ADD COLUMN extra INT').then(
      () => 'altered',
      () => 'gave up',
    );
    const victim = await open();
    let isOver = false;
    void altering.then(() => {
      isOver = true;
    });
    let longestMs = 0;
    let answers = 0;
    while (!isOver) {
      const startedMs = performance.now();
      await victim.execute('SELECT n FROM items WHERE id = 1');
      longestMs = Math.max(longestMs, performance.now() - startedMs);
      answers++;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    console.log(
      `${server().kind}: with lock waits of ${PATIENCE.lockWaitSeconds} s a query behind an ALTER waited ${Math.round(longestMs)} ms at most, of ${answers} queries`,
    );
    expect(await altering).toBe('gave up');
    // One wait for each of the three attempts at most; the others found the way free.
    expect(answers).toBeGreaterThan(3);
  });

  test('a row that is locked: the UPDATE is tried again, and the holder is named', async () => {
    await blocker.execute('START TRANSACTION');
    await blocker.execute('UPDATE items SET n = 5 WHERE id = 1');
    const updating = run('UPDATE items SET n = n + 1');
    while (!context.notes().some((note) => note.includes('trying again'))) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await blocker.execute('COMMIT');
    await updating;
    expect(await work.query('SELECT n FROM items')).toEqual([{ n: 6 }]);
    expect(context.notes().join('\n')).toContain(
      `in the way: thread ${blocker.connectionId}, root@localhost, open for `,
    );
  });

  test("in the author's own transaction a deadlock is not repeated: it has undone what stood before", async () => {
    let attempts = 0;
    const on = { session: work, observer, patience: PATIENCE, context, isInGroup: true, canRepeat: true };
    const deadlock = Object.assign(new Error('Deadlock found'), { errno: 1213, sqlState: '40001' });
    const running = withPatience(async () => {
      attempts++;
      throw deadlock;
    }, on);
    await expect(running).rejects.toBe(deadlock);
    expect(attempts).toBe(1);
  });

  test('an opaque statement is not repeated: it may have committed a part of its work', async () => {
    let attempts = 0;
    const on = { session: work, observer, patience: PATIENCE, context, isInGroup: false, canRepeat: false };
    const timeout = Object.assign(new Error('Lock wait timeout exceeded'), { errno: 1205, sqlState: 'HY000' });
    const running = withPatience(async () => {
      attempts++;
      throw timeout;
    }, on);
    await expect(running).rejects.toBe(timeout);
    expect(attempts).toBe(1);
  });

  test('interrupted: KILL QUERY ends the statement, and what was thrown is the reason', async () => {
    const controller = new AbortController();
    const stopping = recordedContext(production, { signal: controller.signal });
    const running = run('UPDATE items SET n = SLEEP(60)', { context: stopping });
    const reason = new Error('stop');
    let hasBegun = false;
    while (!hasBegun) {
      const rows = await observer.query("SELECT 1 FROM information_schema.PROCESSLIST WHERE STATE = 'User sleep'");
      hasBegun = rows.length > 0;
    }
    controller.abort(reason);
    await expect(running).rejects.toThrow();
    expect(await observer.query('SELECT n FROM items')).toEqual([{ n: 1 }]);
  });

  test('interrupted before it began: it does not begin', async () => {
    const reason = new Error('stop');
    const stopping = recordedContext(production, { signal: AbortSignal.abort(reason) });
    await expect(run('DROP TABLE items', { context: stopping })).rejects.toBe(reason);
    expect(await observer.query('SELECT n FROM items')).toEqual([{ n: 1 }]);
  });
});
