import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { splitScript } from '../../../src/migrations/sql/split.ts';
import { connect } from '../../../src/mysql/connect.ts';
import { describeOnServers, type TestServer } from '../../support/servers.ts';

/** Everything odd that both the client programs and a file for dbmate can hold. */
const SCRIPT = `\ufeff-- it's a script; with 'quotes
CREATE TABLE log (id INT AUTO_INCREMENT PRIMARY KEY, text VARCHAR(200), \`odd;\`\`name\` INT);
INSERT INTO log (text) VALUES ('a;b'), ("c;d"), ('it''s'), ('back\\'slash;'), ("dou""ble"), ('-- no comment'), ('# none');
INSERT INTO log (text) VALUES (1--1), (2 -- a comment; here
), (3 # another; one
);; /* a; 'comment */ INSERT INTO log (text) VALUES ('/* none */'), ('two
lines');\r
/*!50000 INSERT INTO log (text) VALUES ('version comment') */;
INSERT INTO /*!99999 nowhere */ log (text) VALUES ('é ü 漢 😀');
Delimiter $$
CREATE PROCEDURE p(IN a INT)
BEGIN
  -- it's; a comment
  IF a > 1 THEN INSERT INTO log (text) VALUES ('more;'); ELSE INSERT INTO log (text) VALUES ('less'); END IF;
END$$
CALL p(2)$$
delimiter ;
CALL p(1);
\tDELIMITER //
CREATE TRIGGER t BEFORE INSERT ON log FOR EACH ROW BEGIN SET NEW.text = CONCAT(NEW.text, ';t'); END //
DELIMITER ;
SET @old = @@sql_mode; SET sql_mode = 'NO_BACKSLASH_ESCAPES';
INSERT INTO log (text) VALUES ('\\'), ('x\\');
SET sql_mode = @old;
INSERT INTO log (text) VALUES ('end\\\\')`;

/** The same, but a procedure without DELIMITER, which only a splitter that follows its body can read. */
const BODIES = SCRIPT.replace(/^[ \t]*delimiter .*\n/gim, '')
  .replaceAll('END$$', 'END;')
  .replaceAll('(2)$$', '(2);')
  .replace('END //', 'END;');

async function resultOf(server: TestServer, database: string) {
  const session = await (await connect(server.target(database))).open();
  try {
    return {
      rows: await session.query('SELECT * FROM log ORDER BY id'),
      procedure: (await session.query('SHOW CREATE PROCEDURE p'))[0]?.['Create Procedure'],
      trigger: (await session.query('SHOW CREATE TRIGGER t'))[0]?.['SQL Original Statement'],
    };
  } finally {
    await session.close();
  }
}

async function runSplit(server: TestServer, database: string, script: string): Promise<void> {
  const session = await (await connect(server.target(database))).open({ purpose: 'migration' });
  try {
    for (const piece of splitScript(script).pieces) {
      if (piece.type === 'statement') await session.execute(piece.text);
    }
  } finally {
    await session.close();
  }
}

function runClient(server: TestServer, database: string, script: string): void {
  const program = join(server.binDir, server.kind === 'mysql' ? 'mysql' : 'mariadb');
  const args = [
    '--no-defaults',
    '--default-character-set=utf8mb4',
    '--comments',
    '-uroot',
    `--socket=${server.socket}`,
    database,
  ];
  const { status, stderr } = spawnSync(program, args, { input: script, encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
}

describeOnServers('splitScript', (server) => {
  test('statement by statement gives what the client program gives', async () => {
    const [split, client] = [await server().createDatabase(), await server().createDatabase()];
    await runSplit(server(), split, SCRIPT);
    runClient(server(), client, SCRIPT);
    const result = await resultOf(server(), split);
    expect(result.rows).toHaveLength(19);
    expect(result).toEqual(await resultOf(server(), client));
  });

  test('gives the same without DELIMITER', async () => {
    const [split, client] = [await server().createDatabase(), await server().createDatabase()];
    await runSplit(server(), split, BODIES);
    runClient(server(), client, SCRIPT);
    expect(await resultOf(server(), split)).toEqual(await resultOf(server(), client));
  });
});
