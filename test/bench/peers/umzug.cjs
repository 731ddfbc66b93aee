// Umzug as its documentation shows it: SQL files, a storage of one's own, on one connection of mysql2.
const { readFileSync } = require('node:fs');
const { createConnection } = require('mysql2/promise');
const { Umzug } = require('umzug');

async function main([command, socketPath, database, folder]) {
  const connection = await createConnection({ socketPath, database, user: 'root' });
  await connection.query('CREATE TABLE IF NOT EXISTS umzug (name VARCHAR(190) PRIMARY KEY)');
  const umzug = new Umzug({
    migrations: {
      glob: ['*.sql', { cwd: folder }],
      resolve: ({ name, path }) => ({ name, up: () => connection.query(readFileSync(path, 'utf8')) }),
    },
    storage: {
      logMigration: ({ name }) => connection.query('INSERT INTO umzug (name) VALUES (?)', [name]),
      unlogMigration: ({ name }) => connection.query('DELETE FROM umzug WHERE name = ?', [name]),
      executed: async () => {
        const [rows] = await connection.query('SELECT name FROM umzug ORDER BY name');
        return rows.map((row) => row.name);
      },
    },
    logger: undefined,
  });
  if (command === 'up') await umzug.up();
  else console.log(`${(await umzug.pending()).length} pending`);
  await connection.end();
}

if (process.argv[2] === '--help') console.log('umzug.cjs up|pending SOCKET DATABASE FOLDER');
else main(process.argv.slice(2));
