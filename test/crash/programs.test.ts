import { beforeAll, describe, expect, test } from 'vitest';
import { describeOnServers, type TestServer } from '../support/servers.ts';
import { Stage } from './stage.ts';
import { DEPLOY, deployOnce, type Expected } from './sweep.ts';

interface Case {
  readonly title: string;
  readonly up: string;
  /** The command at which the deploy is killed, before and after it. */
  readonly at: string;
  /** Nobody can tell afterwards: why. Undefined: it is done exactly once. */
  readonly why?: string;
  /** Before it that is certain all the same: only what was committed takes the mark along. */
  readonly isCertainBefore?: true;
  /** All of that is run again, so that nothing of it is to be completed by hand. */
  readonly isInTransaction?: true;
  readonly only?: TestServer['kind'];
}

const CASES: readonly Case[] = [
  {
    title: 'a ROLLBACK and then rows',
    up: 'CALL resets();',
    at: 'CALL resets()',
    why: 'procedure resets holds ROLLBACK',
  },
  {
    title: 'a COMMIT between rows',
    up: 'CALL halves();',
    at: 'CALL halves()',
    why: 'it began, committed by itself',
    isCertainBefore: true,
  },
  {
    title: 'a text that was prepared',
    up: "SET @t = 'CALL resets()'; PREPARE s FROM @t; EXECUTE s;",
    at: 'EXECUTE s',
    why: 'procedure resets holds ROLLBACK',
  },
  {
    title: 'a block',
    up: 'BEGIN NOT ATOMIC ROLLBACK; INSERT INTO rows_made VALUES (1); END;',
    at: 'BEGIN NOT ATOMIC',
    why: 'it holds ROLLBACK',
    only: 'mariadb',
  },
  { title: 'rows alone, prepared', up: "SET @t = 'CALL adds()'; PREPARE s FROM @t; EXECUTE s;", at: 'EXECUTE s' },
  {
    title: "text that nobody sees, in the author's transaction",
    up: "BEGIN; INSERT INTO rows_made VALUES (7); SET @t = 'CALL adds()'; PREPARE s FROM @t; SET @t = NULL; EXECUTE s; COMMIT;",
    at: 'EXECUTE s',
    why: 'nobody can see what EXECUTE runs',
    isInTransaction: true,
  },
  {
    title: "rows alone, in the author's transaction",
    up: 'BEGIN; CALL adds(); DELETE FROM gone; COMMIT;',
    at: 'DELETE FROM gone',
  },
];

const UNDO_BY_HAND =
  /see what it did outside its transaction, which is run again; undo that by hand and note it: UPDATE gateway_migrate_journal SET state = 'failed' WHERE run = '[\w-]+' AND version = '1' AND direction = 'up' AND ordinal = 6; then: gateway-migrate resume;/;

const START = `CREATE TABLE rows_made (n INT);
CREATE TABLE gone (n INT);
CREATE PROCEDURE adds() BEGIN INSERT INTO rows_made VALUES (1); END;
CREATE PROCEDURE resets() BEGIN ROLLBACK; INSERT INTO rows_made VALUES (1); END;
CREATE PROCEDURE halves() BEGIN INSERT INTO rows_made VALUES (1); COMMIT; INSERT INTO rows_made VALUES (2); END;
`;

describeOnServers('a program that may end the transaction of the journal is not run twice', (server) => {
  describe.each(CASES)('$title', ({ up, at, why, isCertainBefore, isInTransaction, only }) => {
    const options = { start: START, migrations: { '1_rows.sql': `-- migrate:up\n${up}\n` } };
    let expected: Expected;
    beforeAll(async () => {
      if (only === undefined || only === server().kind) expected = await deployOnce(server(), options);
    });

    test.for(['before', 'after'] as const)('killed %s it', async (fate, { skip }) => {
      skip(only !== undefined && only !== server().kind, 'the other server alone has it');
      const place = expected.commands.findIndex((command) => command.includes(at) && !command.includes('PREPARE'));
      const stage = await Stage.build(server(), options);
      try {
        await stage.strike({ at: place + 1, fate }, ...DEPLOY);
        const left = await stage.dump();
        const resumed = await stage.run('resume', '--yes', '--json');
        if (why === undefined || (isCertainBefore && fate === 'before')) {
          expect(resumed).toMatchObject({ code: 0 });
        } else {
          expect(resumed).toMatchObject({ code: 4, output: expect.stringContaining(why) });
          expect(await stage.dump()).toBe(left);
          const [note = '', end = ''] =
            /UPDATE gateway_migrate_journal SET (state = '\w+') WHERE [^;]+/.exec(resumed.output) ?? [];
          if (isInTransaction) expect(resumed.output).toMatch(UNDO_BY_HAND);
          expect(end).toBe(isInTransaction ? "state = 'failed'" : "state = 'done'");
          await stage.sql(fate === 'after' ? note : note.replace("'done'", "'failed'"));
          expect(await stage.run('resume', '--yes')).toMatchObject({ code: 0 });
        }
        expect(await stage.dump()).toBe(expected.after);
      } finally {
        await stage.clear();
      }
    });
  });

  test("one that is called within the author's transaction is refused before it runs", async () => {
    const options = {
      start: START,
      migrations: { '1_rows.sql': '-- migrate:up\nBEGIN; CALL adds(); CALL resets(); COMMIT;\n' },
    };
    const stage = await Stage.build(server(), options);
    try {
      const before = await stage.dump();
      const { code, output } = await stage.run(...DEPLOY, '--json');
      expect(output).toContain(
        'procedure resets holds ROLLBACK, which would not be one with the transaction around it',
      );
      expect(code).toBe(2);
      expect(await stage.dump()).toBe(before);
    } finally {
      await stage.clear();
    }
  });

  test('two of them in a transaction that the author rolls back do not wait for each other', async () => {
    const hidden = "SET @t = 'CALL adds()'; PREPARE s FROM @t; SET @t = NULL";
    const options = {
      start: START,
      migrations: { '1_rows.sql': `-- migrate:up\nBEGIN; ${hidden}; EXECUTE s; EXECUTE s; ROLLBACK;\n` },
      configure: () => ({ migrations: { dir: 'migrations', laravelTable: null, lockWaitSeconds: 1 } }),
    };
    const stage = await Stage.build(server(), options);
    try {
      expect(await stage.run(...DEPLOY)).toMatchObject({ code: 0 });
    } finally {
      await stage.clear();
    }
  });

  test.each([
    ['a key that is there', 'DO 1; INSERT INTO kept VALUES (1);', ''],
    ['a COMMIT that it does not reach', "SIGNAL SQLSTATE '45000'; COMMIT;", ''],
    ['text that nobody sees', "SIGNAL SQLSTATE '45000'; EXECUTE s;", ''],
    [
      'a handler that goes on behind another error',
      'INSERT INTO kept VALUES (1);',
      'DECLARE EXIT HANDLER FOR 1205 DO 1;',
    ],
  ])('what the server refuses before it has ended anything did nothing: %s', async (_title, body, declare) => {
    const rolling = body.includes('kept') ? 'IF 1 = 0 THEN ROLLBACK; END IF;' : '';
    const procedure = `CREATE PROCEDURE breaks() BEGIN ${declare} INSERT INTO rows_made VALUES (1); ${body} ${rolling} END;\n`;
    const options = {
      start: `${START}CREATE TABLE kept (n INT PRIMARY KEY);\nINSERT INTO kept VALUES (1);\n${procedure}`,
      migrations: { '1_rows.sql': '-- migrate:up\nCREATE TABLE made (n INT);\nCALL breaks();\n' },
    };
    const stage = await Stage.build(server(), options);
    try {
      const before = await stage.dump();
      expect(await stage.run(...DEPLOY)).toMatchObject({ code: 2 });
      expect(await stage.dump()).toBe(before);
    } finally {
      await stage.clear();
    }
  });

  test('a server that refuses it in the middle leaves it open, and one that never began it does not', async () => {
    const start = `${START}CREATE PROCEDURE fails() BEGIN ROLLBACK; INSERT INTO rows_made VALUES (1); SIGNAL SQLSTATE '45000'; END;\n`;
    const options = { start, migrations: { '1_rows.sql': '-- migrate:up\nCALL fails();\n' } };
    const stage = await Stage.build(server(), options);
    try {
      expect(await stage.run(...DEPLOY)).toMatchObject({ code: 4 });
    } finally {
      await stage.clear();
    }
    const wrong = await Stage.build(server(), {
      start,
      migrations: { '1_rows.sql': '-- migrate:up\nCALL fails(1);\n' },
    });
    try {
      expect(await wrong.run(...DEPLOY)).toMatchObject({ code: 2 });
    } finally {
      await wrong.clear();
    }
  });
});
