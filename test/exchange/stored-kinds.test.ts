import { expect, it } from 'vitest';
import { loadBackup } from '../../src/backup/load/load.ts';
import { compareObjects } from '../../src/exchange/loaded-contents.ts';
import { dropStoredObjects, makeStoredObjects, readStoredObjects } from '../../src/exchange/stored-objects.ts';
import { connect } from '../../src/mysql/connect.ts';
import { requireKnownKinds } from '../../src/schema/kinds.ts';
import { readSnapshot } from '../../src/schema/snapshot.ts';
import { clientsOf, runScript, takeBackup } from '../backup/support.ts';
import { describeOnServers } from '../support/servers.ts';

/** What a RENAME does not carry, of every kind that the server knows. */
const OF_BOTH = `CREATE TABLE t (id INT PRIMARY KEY);
  CREATE VIEW v AS SELECT id FROM t;
  CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.id = NEW.id + 0;
  CREATE PROCEDURE p() SELECT 1;
  CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1;
  CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1;`;
const OF_ONE = {
  mysql: `CREATE LIBRARY \`the lib\` LANGUAGE JAVASCRIPT AS $$ export function f(n) { return n; } $$;
    CREATE FUNCTION js(n INT) RETURNS INT DETERMINISTIC LANGUAGE JAVASCRIPT USING (\`the lib\` AS l) AS $$ return l.f(n); $$;`,
  mariadb: `CREATE SEQUENCE s;
    SET sql_mode = 'ORACLE';
    DELIMITER ;;
    CREATE PACKAGE pk COMMENT 'says so' AS FUNCTION one() RETURN INT; PROCEDURE two(); END;;
    CREATE PACKAGE BODY pk AS FUNCTION one() RETURN INT AS BEGIN RETURN 1; END; PROCEDURE two() AS BEGIN SELECT 2; END; END;;
    CREATE PACKAGE bodiless AS FUNCTION one() RETURN INT; END;;
    DELIMITER ;`,
};
const NAMES = {
  both: { view: ['v'], trigger: ['tr'], procedure: ['p'], event: ['e'] },
  mysql: { function: ['f', 'js'], library: ['the lib'], package: [], 'package body': [], sequence: [] },
  mariadb: { function: ['f'], package: ['bodiless', 'pk'], 'package body': ['pk'], library: [], sequence: ['s'] },
};

describeOnServers('every kind of object', (server) => {
  const make = async () => {
    const database = await server().createDatabase();
    await runScript(server(), database, OF_BOTH + OF_ONE[server().kind]);
    const production = await connect(server().target(database));
    return { database, production, session: await production.open() };
  };

  it('is noted, dropped and made again as it was', async () => {
    const { database, session } = await make();
    const before = await readSnapshot(session, database);
    const noted = await readStoredObjects(session, database);
    await dropStoredObjects(session, database, (sql) => session.execute(sql));
    expect(await readStoredObjects(session, database)).toEqual([]);
    expect(await makeStoredObjects(session, database, before.collation, noted)).toEqual([]);
    const after = await readSnapshot(session, database);
    expect([...after.objects.keys()].sort()).toEqual([...before.objects.keys()].sort());
    expect(after.fingerprint).toBe(before.fingerprint);
    await session.close();
  });

  it('is in a backup, and missed where a load has lost it', async () => {
    const { database } = await make();
    const { file, manifest, context } = await takeBackup(server(), server().target(database));
    expect(manifest.objects).toEqual({ ...NAMES.both, ...NAMES[server().kind] });
    const target = server().target(await server().createDatabase());
    await loadBackup(file, target, await clientsOf(server()), 'load', context);
    const loaded = await connect(target);
    const session = await loaded.open();
    expect(await compareObjects(manifest, loaded, session)).toEqual([]);
    const lost = server().kind === 'mysql' ? 'LIBRARY `the lib`' : 'PACKAGE BODY pk';
    if (server().kind === 'mariadb') await session.query("SET SESSION sql_mode = 'ORACLE'");
    await session.execute(`DROP ${lost}`);
    expect(await compareObjects(manifest, loaded, session)).toEqual([
      server().kind === 'mysql' ? 'library the lib is missing' : 'package body pk is missing',
    ]);
    await session.close();
  });

  it('is known, and one that is not is named instead of being forgotten', async () => {
    const { database, session } = await make();
    await requireKnownKinds(session, database);
    const types = ['BASE TABLE', 'VIEW', 'SEQUENCE', 'PROCEDURE', 'FUNCTION'];
    const names = ['TABLE', 'VIEW', 'ROUTINE', 'SPECIFIC', 'TRIGGER', 'EVENT_OBJECT', 'CONSTRAINT', 'INDEX'];
    const known = {
      types,
      names: [...names, 'UNIQUE_CONSTRAINT', 'REFERENCED_TABLE', 'F_TABLE', 'G_TABLE', 'ROOT_TABLE'],
    };
    const others =
      server().kind === 'mysql' ? /event e, library the lib/ : /package bodiless, package( body)? pk, .*event e/;
    await expect(requireKnownKinds(session, database, known)).rejects.toThrow(
      /^test_\d+ holds what this version knows nothing of, and would leave behind: .*; gateway-migrate has to be newer$/,
    );
    await expect(requireKnownKinds(session, database, known)).rejects.toThrow(others);
    await session.close();
  });
});
