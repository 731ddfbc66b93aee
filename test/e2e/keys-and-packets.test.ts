import { describe } from 'vitest';
import { tellsTheStory } from './whole-story.ts';

/** Older than the setting, which the account has to change for its session. */
const KEYLESS = `SET SESSION sql_require_primary_key = OFF;
  CREATE TABLE Keyless (A INT, B VARCHAR(20)); INSERT INTO Keyless VALUES (1, 'same'), (1, 'same'), (NULL, NULL)`;

describe('a server that asks for primary keys', () =>
  tellsTheStory({
    options: { args: ['--loose-sql-require-primary-key=ON'] },
    ...{ beside: KEYLESS, rights: ['SESSION_VARIABLES_ADMIN'], only: 'mysql' },
  }));

/** As much of a row as the server lets in: as SQL it is longer. */
const LARGE = `CREATE TABLE Large (Id INT PRIMARY KEY, Bytes LONGBLOB, Words LONGTEXT) ENGINE=InnoDB;
  INSERT INTO Large VALUES (1, REPEAT(CHAR(0), 60000), NULL), (2, NULL, REPEAT('\\\\\\'', 30000))`;

describe('a server with packets of 64 kB', () =>
  tellsTheStory({ options: { args: ['--max-allowed-packet=65536'] }, beside: LARGE }));
