import { expect, test } from 'vitest';
import type { Finding } from '../../src/rehearsal/finding.ts';
import { judgeRehearsal } from '../../src/rehearsal/verdict.ts';
import { describeOnServers } from '../support/servers.ts';
import { file, rehearseFiles, rehearseOn } from './stages.ts';

const PRODUCTION = `
  CREATE TABLE firms (id INT PRIMARY KEY, name VARCHAR(20));
  CREATE TABLE pages (id INT PRIMARY KEY, firm INT NOT NULL, CHECK (firm > 0));
  CREATE TABLE notes (id INT PRIMARY KEY, firm INT, FOREIGN KEY (firm) REFERENCES firms (id));
  INSERT INTO firms VALUES (7, 'ours');`;
const GUARD = `CREATE TRIGGER guarded BEFORE INSERT ON pages FOR EACH ROW
  IF NOT EXISTS (SELECT 1 FROM firms WHERE id = NEW.firm) THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no such firm'; END IF`;
const OURS = "(SELECT id FROM firms WHERE name = 'ours')";
const WHY = 'the tables of the clone have no rows: if it refers to those of production, it may succeed there';
const FIX = 'gateway-migrate test --from-backup tries it on real rows, and deploy takes its word; else ';

interface Case {
  readonly title: string;
  readonly up: string;
  readonly down: string;
  readonly name: 'up-fails' | 'down-fails';
  readonly mend: string;
  readonly trigger?: string;
}
const CLEAN = 'DELETE FROM pages WHERE id = 1; DELETE FROM notes WHERE id = 1;';
const forward = (title: string, up: string, line = 2): Case => {
  return { title, up, down: CLEAN, name: 'up-fails', mend: `mend line ${line} of 1_step` };
};
const CASES: readonly Case[] = [
  forward('a parent by its number', 'INSERT INTO notes VALUES (1, 7);'),
  forward('a parent by its name', `INSERT INTO pages VALUES (1, ${OURS});`),
  forward('a count of rows under a CHECK', 'INSERT INTO pages VALUES (1, (SELECT COUNT(*) FROM firms));'),
  { ...forward('a trigger that looks for the row', 'INSERT INTO pages VALUES (1, 7);'), trigger: GUARD },
  {
    ...forward(
      'a foreign key over rows of its own',
      'INSERT INTO pages VALUES (1, 7);\nALTER TABLE pages ADD FOREIGN KEY (firm) REFERENCES firms (id);',
      3,
    ),
    down: `ALTER TABLE pages DROP FOREIGN KEY pages_ibfk_1; ${CLEAN}`,
  },
  {
    ...{ title: 'the way back', up: 'DELETE FROM notes WHERE id = 1;', down: 'INSERT INTO notes VALUES (1, 7);' },
    ...{ name: 'down-fails', mend: 'mend the section -- migrate:down' },
  },
];

describeOnServers('what refers to rows of production', (server) => {
  test.each(CASES)('$title', async ({ up, down, name, mend, trigger }) => {
    const files = { 1: file(up, down) };
    const database = await server().createDatabase('rows');
    await server().sql(PRODUCTION, database);
    if (trigger) await server().sql(trigger, database);
    const { findings } = await rehearseOn(server(), database, { files });
    expect(findings.find((one) => one.name === name)).toMatchObject({ level: 'error', why: WHY, fix: FIX + mend });
    const next = 'gateway-migrate test --from-backup';
    const asking = findings.filter(({ asksForRows }) => asksForRows);
    expect(judgeRehearsal({ checks: [], findings: asking })).toMatchObject({ next, mendAndNext: next });
    const about = { level: 'error', group: 'forward', version: '1', object: '', what: '', why: '', fix: '' } as const;
    const other: Finding = { ...about, name: 'up-not-repeatable' };
    expect(judgeRehearsal({ checks: [], findings: [...asking, other] })).toMatchObject({
      next,
      mendAndNext: 'mend what else is named above, then: gateway-migrate test --from-backup',
    });
  });

  test('a mistake in the statement itself is told as before', async () => {
    const { findings } = await rehearseFiles(server(), {
      production: PRODUCTION,
      files: { 1: file('INSERT INTO notes VALUES (1);', CLEAN) },
    });
    expect(findings.find((one) => one.name === 'up-fails')?.fix).toBe('mend line 2 of 1_step');
    expect(judgeRehearsal({ checks: [], findings })).toMatchObject({
      next: 'gateway-migrate test',
      mendAndNext: 'mend what is named above, then: gateway-migrate test',
    });
  });
});
