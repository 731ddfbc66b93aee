import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadBackup } from '../../src/backup/load/load.ts';
import { connect, type Server } from '../../src/mysql/connect.ts';
import { checkEveryRight, everyRight, grantBlock } from '../../src/preflight/every-right.ts';
import { readAccount } from '../../src/preflight/privileges.ts';
import { checkRestoreRights } from '../../src/preflight/restore-rights.ts';
import { readSettingsToChange } from '../../src/preflight/settings-to-change.ts';
import { cloneSchema } from '../../src/rehearsal/clone/clone.ts';
import { compareClone } from '../../src/rehearsal/clone/likeness.ts';
import { judgeRehearsal } from '../../src/rehearsal/verdict.ts';
import type { Check } from '../../src/run/check.ts';
import { readSnapshot } from '../../src/schema/snapshot.ts';
import { clientsOf, runScript, takeBackup } from '../backup/support.ts';
import { describeOnServers, type TestServer } from '../support/servers.ts';

interface Case {
  readonly setting: string;
  readonly only: 'mysql' | 'mariadb';
  readonly value: string;
  readonly before: string;
  /** Makes `one`, which does not come in under the setting. */
  readonly sql: string;
  readonly because: string;
  readonly right: string;
  /** Others that do as well, each alone. */
  readonly others: readonly string[];
  /** What the server says, or would not. */
  readonly refuses: RegExp;
  readonly inClone: RegExp;
  readonly group?: 'database';
  /** What comes in. */
  readonly fine?: string;
}

const WIDE = Array.from({ length: 30 }, (_, n) => `c${n} VARCHAR(300)`).join(', ');
const TOO_WIDE = `SET SESSION innodb_strict_mode = OFF, sql_mode = ''; CREATE TABLE one (id INT PRIMARY KEY, ${WIDE}) ROW_FORMAT=COMPACT CHARSET=latin1;`;

const CASES: readonly Case[] = [
  {
    ...{ setting: 'sql_require_primary_key', only: 'mysql', value: 'ON', before: 'OFF' },
    sql: 'CREATE TABLE one (a INT UNIQUE, b VARCHAR(9) NOT NULL, UNIQUE KEY (b(3)));',
    because: 'have no primary key',
    ...{ right: 'SESSION_VARIABLES_ADMIN', others: ['SYSTEM_VARIABLES_ADMIN', 'SUPER'] },
    fine: 'CREATE TABLE fine (a INT NOT NULL UNIQUE);',
    refuses: /ERROR 3750 .*Unable to create or change a table without a primary key/,
    inClone: /^table one: Unable to create or change a table without a primary key/,
  },
  {
    ...{ setting: 'sql_generate_invisible_primary_key', only: 'mysql', value: 'ON', before: 'OFF' },
    sql: 'CREATE TABLE one (a INT NOT NULL UNIQUE);',
    because: 'have no primary key and would get a column',
    ...{ right: 'SESSION_VARIABLES_ADMIN', others: ['SYSTEM_VARIABLES_ADMIN', 'SUPER'] },
    refuses: /^one would get a column: sql_generate/,
    inClone: /^table one: it would get a column; /,
  },
  {
    ...{ setting: 'innodb_strict_mode', only: 'mysql', value: 'ON', before: 'ON' },
    sql: TOO_WIDE,
    because: 'may be too wide for their row format',
    ...{ right: 'SESSION_VARIABLES_ADMIN', others: ['SYSTEM_VARIABLES_ADMIN'] },
    refuses: /ERROR 1118 .*Row size too large/,
    inClone: /^table one: Row size too large/,
    group: 'database',
  },
  {
    ...{ setting: 'enforce_storage_engine', only: 'mariadb', value: 'InnoDB', before: 'NULL' },
    sql: 'CREATE TABLE one (a INT) ENGINE=MyISAM;',
    because: 'are of another engine',
    ...{ right: 'SUPER', others: [] },
    refuses: /ERROR 1290 .*NO_ENGINE_SUBSTITUTION option/,
    inClone: /^table one: .*NO_ENGINE_SUBSTITUTION option/,
  },
];

/** What comes in with no right at all. */
const FREE = [
  ['a table that is too wide', 'mariadb', TOO_WIDE],
  [
    'a row that breaks a CHECK',
    'mariadb',
    'CREATE TABLE one (n INT CHECK (n > 0)); SET SESSION check_constraint_checks = OFF; INSERT INTO one VALUES (-1);',
  ],
  [
    'a foreign key to columns that are not unique',
    'mysql',
    `SET SESSION restrict_fk_on_non_standard_key = OFF; CREATE TABLE one (id INT PRIMARY KEY, c INT, KEY (c));
     CREATE TABLE two (id INT PRIMARY KEY, c INT, FOREIGN KEY (c) REFERENCES one (c));`,
  ],
  ['a TIMESTAMP as it was read once', 'mysql', 'CREATE TABLE one (id INT PRIMARY KEY, at TIMESTAMP NULL);'],
] as const;

const ACCOUNT = "'limited'@'localhost'";

describeOnServers('a setting that refuses tables which production has', (server) => {
  const cases = CASES.map((one) => [one.setting, one] as const);

  beforeAll(() => server().sql(`CREATE USER ${ACCOUNT}`));

  describe.each(cases)('%s', (setting, one) => {
    const isOn = () => server().kind === one.only;
    let production: Server;

    beforeAll(async () => {
      if (!isOn()) return;
      const database = await server().createDatabase();
      await runScript(server(), database, one.sql);
      await server().sql(
        `GRANT ALL ON \`${database}\`.* TO ${ACCOUNT}; SET GLOBAL ${setting} = ${one.value === 'InnoDB' ? "'InnoDB'" : one.value}`,
      );
      production = await connect({ ...server().target(database), user: 'limited' });
    });
    afterAll(async () => {
      if (isOn()) await server().sql(`SET GLOBAL ${setting} = ${one.before}`);
    });

    const without = () =>
      `under ${setting}=${one.value} a rehearsal, a proof and a restore on this server cannot make one, which ${one.because}`;
    const notHis = () =>
      `${setting} is ${one.value}, and this account may not change it for its session; as an administrator: GRANT ${one.right} ON *.* TO ${ACCOUNT};`;

    test('preflight says so, with the tables and the GRANT', async () => {
      if (!isOn()) return;
      const told = (await checksOf(production)).filter(({ name }) => name === setting);
      expect(told).toEqual([
        {
          ...{ group: one.group ?? 'rights to restore', name: setting, ok: false, level: 'warning' },
          detail: `limited@localhost may not change it for its session: ${without()}`,
          remedy: `GRANT ${one.right} ON *.* TO ${ACCOUNT};`,
        },
      ]);
    });

    test('the block of doctor has it', async () => {
      if (!isOn()) return;
      const { told, block } = await rightsOf(production);
      expect(told).toContainEqual(
        expect.objectContaining({ detail: expect.stringContaining(`lacks ${one.right}: ${without()}`) }),
      );
      expect(block).toMatch(new RegExp(`^GRANT .*\\b${one.right}\\b.* ON \\*\\.\\* TO`, 'm'));
    });

    test('a load names it', async () => {
      if (!isOn()) return;
      const { file, context } = await takeBackup(server(), server().target(production.target.database));
      const loading = loadBackup(file, await emptyBeside(server()), await clientsOf(server()), 'load', context);
      const said = await loading.then(String, (error: Error) => error.message);
      expect(said).toMatch(one.refuses);
      expect(said).toContain(notHis());
    });

    test('a rehearsal names it', async () => {
      if (!isOn()) return;
      const checks = await cloned(production, await connect(await emptyBeside(server())));
      const found = checks.find(({ name }) => name === setting);
      expect(found).toMatchObject({
        ...{ group: 'clone', ok: false, level: 'error' },
        detail: expect.stringMatching(one.inClone),
        remedy: `GRANT ${one.right} ON *.* TO ${ACCOUNT}; as an administrator, or rehearse on another server`,
      });
      expect(found?.detail).toContain(
        `; ${setting} is ${one.value}, and this account may not change it for its session`,
      );
      const next = `GRANT ${one.right} ON *.* TO ${ACCOUNT}; as an administrator, then: gateway-migrate test`;
      const about = { isReady: false, obstacles: [setting] };
      expect(judgeRehearsal({ checks: [found as Check], findings: [] })).toMatchObject({
        ...{ ...about, next, mendAndNext: next },
      });
      const other = { ...(found as Check), name: 'schema', remedy: 'rehearse on a server of the same version' };
      expect(judgeRehearsal({ checks: [found as Check, other], findings: [] }).mendAndNext).toBe(
        `mend what else is named above; ${next}`,
      );
    });

    test('with one of the rights nothing is said, and all of it comes in', async () => {
      if (!isOn()) return;
      for (const right of [one.right, ...one.others]) {
        await server().sql(`GRANT ${right} ON *.* TO ${ACCOUNT}`);
        const again = await connect(production.target);
        expect((await checksOf(again)).filter(({ name }) => name === setting)).toEqual([]);
        expect((await rightsOf(again)).told.filter(({ detail }) => detail.includes(setting))).toEqual([]);
        const checks = await cloned(again, await connect(await emptyBeside(server())));
        expect(checks.filter(({ ok }) => !ok)).toEqual([]);
        await server().sql(`REVOKE ${right} ON *.* FROM ${ACCOUNT}`);
      }
    });

    test('of tables that come in nothing is said, and they do', async () => {
      if (!isOn()) return;
      const database = await server().createDatabase();
      await runScript(
        server(),
        database,
        one.fine ?? 'CREATE TABLE fine (id INT PRIMARY KEY, t VARCHAR(300)) ENGINE=InnoDB;',
      );
      await server().sql(`GRANT ALL ON \`${database}\`.* TO ${ACCOUNT}`);
      const other = await connect({ ...server().target(database), user: 'limited' });
      expect((await checksOf(other)).filter(({ name }) => name === setting)).toEqual([]);
      const { file, context } = await takeBackup(server(), server().target(database));
      await loadBackup(file, await emptyBeside(server()), await clientsOf(server()), 'load', context);
      const checks = await cloned(other, await connect(await emptyBeside(server())));
      expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    });
  });

  test.each(FREE)('%s needs no right (%s)', async (_, kind, sql) => {
    if (server().kind !== kind) return;
    const database = await server().createDatabase();
    await runScript(server(), database, sql);
    const { file, context } = await takeBackup(server(), server().target(database));
    await loadBackup(file, await emptyBeside(server()), await clientsOf(server()), 'load', context);
  });
});

async function onSession<T>(place: Server, read: (session: Awaited<ReturnType<Server['open']>>) => Promise<T>) {
  const session = await place.open();
  try {
    return await read(session);
  } finally {
    await session.close();
  }
}

function checksOf(place: Server): Promise<Check[]> {
  return onSession(place, async (session) => checkRestoreRights(place, session, await readAccount(session)));
}

function rightsOf(place: Server) {
  return onSession(place, async (session) => {
    const { database } = place.target;
    const about = {
      ...{ flavor: place.flavor, database, rehearsal: undefined, trial: database },
      ...{ isLogged: false, hasForeignDefiners: false, hasSystemDefiner: false },
      settings: await readSettingsToChange(session, place.flavor),
    };
    const account = await readAccount(session);
    return { told: checkEveryRight(account, about), block: grantBlock(account.name, everyRight(about)) };
  });
}

async function emptyBeside(server: TestServer) {
  const database = await server.createDatabase();
  await server.sql(`GRANT ALL ON \`${database}\`.* TO ${ACCOUNT}`);
  return { ...server.target(database), user: 'limited' };
}

/** What a rehearsal says of its clone. */
function cloned(production: Server, onto: Server): Promise<Check[]> {
  return onSession(production, async (session) => {
    const snapshot = await readSnapshot(session, production.target.database);
    const made = await cloneSchema(session, snapshot, onto);
    const copy = await onSession(onto, (reading) => readSnapshot(reading, onto.target.database));
    return compareClone(snapshot, copy, made);
  });
}
