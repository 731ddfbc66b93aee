import { expect, test } from 'vitest';
import { connect } from '../../../src/mysql/connect.ts';
import { recordOf } from '../../../src/rehearsal/record.ts';
import { readSnapshot } from '../../../src/schema/snapshot.ts';
import { createToolTables } from '../../../src/statements/journal.ts';
import { evidenceReader } from '../../../src/statements/recovery/evidence-reader.ts';
import { type Expected, expectedAfter } from '../../../src/statements/recovery/expectation.ts';
import { routeBack } from '../../../src/statements/recovery/route.ts';
import { settleOpenStatements } from '../../../src/statements/recovery/settle.ts';
import type { JournalRow } from '../../../src/statements/row.ts';
import { file, rehearseOn } from '../../rehearsal/stages.ts';
import type { RecordedContext } from '../../support/recorded-context.ts';
import { recordedContext } from '../../support/recorded-context.ts';
import { describeOnServers } from '../../support/servers.ts';

const UP = 'ALTER TABLE a ADD COLUMN b INT;\nALTER TABLE a ADD INDEX (b);\nCREATE TABLE c (id INT PRIMARY KEY);';
/** More statements than the way forward, so that none is the counterpart of another. */
const DOWN =
  'DROP TABLE c;\nALTER TABLE a DROP INDEX b, ADD COLUMN d INT;\nALTER TABLE a DROP COLUMN b;\nALTER TABLE a DROP COLUMN d;';

describeOnServers('recovery with the record of a rehearsal', (server) => {
  /** A production on which the migration was rehearsed, and the journal's row of its first statement, cut off. */
  async function scene() {
    const database = await server().createDatabase('prod');
    await server().sql('CREATE TABLE a (id INT PRIMARY KEY)', database);
    const { applied, routes } = await rehearseOn(server(), database, { files: { '0001': file(UP, DOWN) } });
    const rehearsed = applied.map((one) => recordOf(one, routes.get('0001') ?? [])) as readonly Expected[];
    const migration = applied[0]?.migration;
    const production = await connect(server().target(database));
    const session = await production.open();
    await createToolTables(session);
    const [statement] = migration?.up ?? [];
    if (!migration || !statement) throw new Error('nothing was rehearsed');
    const evidence = await evidenceReader(session, await readSnapshot(session, database)).before(statement);
    const { digest, text } = statement;
    const row: JournalRow = { ...ROW, digest, evidence, statement: text };
    const context: RecordedContext = recordedContext(production);
    const settle = (by: readonly Expected[]) =>
      settleOpenStatements([row], () => statement, {
        session,
        database,
        rehearsed: by,
        scratch: `${database}_trial`,
        context,
      });
    const said = () => context.events.flatMap((event) => (event.type === 'check' ? [event.detail] : []));
    return { database, session, rehearsed, migration, row, settle, said };
  }
  const ROW = {
    run: 'r1',
    version: '0001',
    direction: 'up',
    ordinal: 1,
    kind: 'ddl',
    connectionId: 1,
    state: 'intent',
    rows: null,
    error: null,
  } as const;

  test('what the rehearsal left is done; what is neither that nor as before is somebody else’s doing', async () => {
    const { database, session, rehearsed, settle, said } = await scene();
    await server().sql('ALTER TABLE a ADD COLUMN b INT', database);
    expect((await settle(rehearsed))[0]?.state).toBe('done');
    await server().sql('ALTER TABLE a DROP COLUMN b, ADD COLUMN somebody INT', database);
    // Without a rehearsal the server itself is asked.
    await expect(settle([])).rejects.toMatchObject({ exitCode: 4 });
    await expect(settle(rehearsed)).rejects.toMatchObject({
      message:
        'cannot tell whether statement 1 of 0001 took effect: table a is neither as before nor as a trial of the statement left it\n  ALTER TABLE a ADD COLUMN b INT',
      exitCode: 4,
      production: 'unknown',
      state:
        'every statement before it is done, none after it has begun; either it took effect and somebody changed table a since, or it never ran and somebody else did that',
      next: 'make it by hand as the statement leaves it, or as it was before; then: gateway-migrate resume; or: gateway-migrate restore --backup latest',
    });
    await server().sql('ALTER TABLE a DROP COLUMN somebody', database);
    expect((await settle(rehearsed))[0]?.state).toBe('intent');
    await session.close();
    expect(said()).toEqual([
      'took effect: table a is as the rehearsal left it',
      'nobody can tell: table a is neither as before nor as a trial of the statement left it',
      'nobody can tell: table a is neither as before nor as a trial of the statement left it',
      'did not take effect: table a is as it was before',
    ]);
  });

  test('it holds only for the same statement on the same objects, and leads back only from where it was proven', async () => {
    const { session, rehearsed, migration, row } = await scene();
    await session.close();
    expect(expectedAfter(rehearsed, row)).toEqual(rehearsed[0]?.statements[0]?.objects);
    expect(expectedAfter(rehearsed, { ...row, digest: 'another' })).toBeUndefined();
    expect(expectedAfter(rehearsed, { ...row, evidence: { objects: { 'table:a': 'changed' } } })).toBeUndefined();
    expect(expectedAfter(rehearsed, { ...row, direction: 'down' })).toBeUndefined();

    const done = [1, 2].map((ordinal): JournalRow => ({ ...row, ordinal, state: 'done' }));
    expect(routeBack(migration, done)).toEqual({
      by: 'none',
      reason: 'statement 2 (ALTER TABLE): the server chose the name of the INDEX: name it in the statement',
    });
    expect(routeBack(migration, done, rehearsed)).toEqual({
      by: 'rehearsed end of the down section',
      statements: migration.down.slice(1),
    });
    const edited = { ...migration, checksum: 'another' };
    expect(routeBack(edited, done, rehearsed).by).toBe('none');
    expect(routeBack(migration, done.slice(1), rehearsed).by).toBe('none');
    const lossy = migration.up.map((statement) => ({ ...statement, kind: 'dml' as const }));
    expect(routeBack({ ...migration, up: lossy }, done, rehearsed).by).toBe('none');
  });
});
