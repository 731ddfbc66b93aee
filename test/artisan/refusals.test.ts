import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { askPhp } from '../../src/artisan/program.ts';
import { caught, endedEarly, notText } from '../../src/artisan/refusals.ts';
import { connect } from '../../src/mysql/connect.ts';
import { type Exec, systemExec } from '../../src/system/exec.ts';
import { describeOnLaravel } from '../support/laravel.ts';
import { describeOnServers } from '../support/servers.ts';
import { type Given, type Methods, translateFiles } from './stage.ts';

const VERSION = '2025_01_01_000001_do_it';
const PRODUCTION = `CREATE TABLE companies (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, name VARCHAR(99) UNIQUE);
  CREATE VIEW known AS SELECT id FROM companies`;
const FIRM =
  'class Firm extends Model { protected $table = "companies"; public $timestamps = false; protected $guarded = []; }';

interface Case extends Methods {
  readonly title: string;
  readonly refused: string;
  readonly change?: Given['change'];
  /** No server has a say in it: one is enough. */
  readonly byPhpAlone?: true;
}

const ROWS_REMEDY = 'let the server do it in one statement: DB::statement with UPDATE … JOIN or INSERT … SELECT';

const CASES: readonly Case[] = [
  {
    title: 'reading rows by the query builder',
    up: `foreach (DB::table('companies')->get() as $one) DB::table('companies')->where('id', $one->id)->update(['name' => 'x']);`,
    refused: `reads-rows: its up() reads rows of companies, so that its statements depend on what is there: select * from \`companies\` → ${ROWS_REMEDY}`,
  },
  {
    title: 'reading rows by Eloquent',
    head: FIRM,
    up: `Firm::firstOrCreate(['name' => 'x']);`,
    refused: `reads-rows: its up() reads rows of companies, so that its statements depend on what is there: select * from \`companies\` where (\`name\` = 'x') limit 1 → ${ROWS_REMEDY}`,
  },
  {
    title: 'reading rows in down, through a view and a subquery',
    up: '',
    down: `DB::select('select 1 from (select id from known) as k'); DB::statement('CREATE TABLE t (id INT)');`,
    refused: `reads-rows: its down() reads rows of known, so that its statements depend on what is there: select 1 from (select id from known) as k → ${ROWS_REMEDY}`,
  },
  {
    title: 'the last key, asked for',
    up: `DB::select('select last_insert_id()');`,
    refused: `reads-rows: its up() reads rows of last_insert_id(), so that its statements depend on what is there: select last_insert_id() → ${ROWS_REMEDY}`,
  },
  {
    title: 'a key that the server gave',
    up: `$id = DB::table('companies')->insertGetId(['name' => 'x']); DB::table('companies')->where('id', $id)->update(['name' => 'y']);`,
    refused:
      'generated-key: the key that the server gives a new row is used by a later statement (FILE:13): update `companies` set `name` = ? where `id` = ? → give the row its key, or write DB::statement with INSERT … SELECT, or with LAST_INSERT_ID()',
  },
  {
    title: 'a key that the server gave, and a value of the same number',
    up: `$id = DB::table('companies')->insertGetId(['name' => 1]); DB::table('companies')->where('id', $id)->update(['name' => 'y']);`,
    refused: 'generated-key: the key that the server gives a new row is used by a later statement',
  },
  {
    title: 'rows of production under another name',
    up: `Schema::rename('companies', 'firms'); DB::table('firms')->get();`,
    refused: 'reads-rows: its up() reads rows of firms, so that its statements depend on what is there',
  },
  {
    title: 'rows of production in a table of its own',
    up: `DB::statement('CREATE TABLE firms (id INT)'); DB::statement('INSERT INTO firms SELECT id FROM companies'); DB::table('firms')->get();`,
    refused: 'reads-rows: its up() reads rows of firms, so that its statements depend on what is there',
  },
  {
    title: 'bytes that are no text',
    up: `DB::unprepared("INSERT INTO companies (name) VALUES (HEX(_binary '\\xff'))");`,
    refused: 'cannot-be-applied: its up() sends bytes that are no UTF-8: INSERT INTO companies (name)',
  },
  {
    title: 'the name of its database as a text',
    up: `DB::statement("CREATE TABLE t AS SELECT 1 AS one FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '" . DB::getDatabaseName() . "'");`,
    refused: 'names-a-database: it puts the name of its database into a statement, and that is CLONE',
  },
  {
    title: 'a connection of its own',
    byPhpAlone: true,
    up: '$pdo = new \\PDO("mysql:host=127.0.0.1");',
    refused:
      'own-connection: new PDO opens a connection of its own, which cannot be followed (FILE:13) → send the statement by DB::statement or DB::unprepared',
  },
  {
    title: 'another connection of the application',
    body: "    protected $connection = 'other';\n",
    up: `Schema::create('t', fn (Blueprint $table) => $table->id());`,
    change: (dir) =>
      addConnection(
        dir,
        "['driver' => 'mysql', 'host' => '127.0.0.1', 'database' => 'elsewhere', 'username' => 'root', 'password' => '']",
      ),
    refused:
      'other-connection: it uses the connection other, which leads elsewhere than to the database of the configuration (FILE:14) → give what is for that database a migration, and a configuration, of its own',
  },
  {
    title: 'another kind of server',
    byPhpAlone: true,
    up: `DB::connection('other')->statement('CREATE TABLE t (id INT)');`,
    change: (dir) => addConnection(dir, "['driver' => 'sqlite', 'database' => ':memory:']"),
    refused:
      'other-connection: it uses the connection other, which leads elsewhere than to the database of the configuration (FILE:13) → give what is for that database a migration, and a configuration, of its own',
  },
  {
    title: 'another database in the .env',
    byPhpAlone: true,
    up: '',
    change: (dir) => {
      const env = join(dir, '.env');
      writeFileSync(env, readFileSync(env, 'utf8').replace(/^DB_DATABASE=.*$/m, 'DB_DATABASE=elsewhere'));
    },
    refused:
      "other-database: the application's connection mysql leads to mysql elsewhere, not to the database of the configuration → make database.name and DB_DATABASE of the application the same",
  },
  {
    title: 'a side effect',
    byPhpAlone: true,
    up: `\\Illuminate\\Support\\Facades\\Storage::put('x', 'y');`,
    refused:
      'php-side-effect: Storage::put() acts outside the database: it would happen when the migration is translated, and not when it is applied (FILE:13) → move it to a command of the application; or say that it may happen then: // migrate:allow php-side-effect why',
  },
  {
    title: 'a job',
    byPhpAlone: true,
    up: 'dispatch(new stdClass);',
    refused: 'php-side-effect: dispatch() acts outside',
  },
  {
    title: 'a shell command',
    byPhpAlone: true,
    up: '`true`;',
    refused: 'php-side-effect: a shell command in backticks acts outside',
  },
  {
    title: 'artisan',
    byPhpAlone: true,
    up: `\\Illuminate\\Support\\Facades\\Artisan::call('migrate:fresh');`,
    refused: 'php-side-effect: Artisan::call() acts outside',
  },
  {
    title: 'a failure that is rolled back, and caught',
    up: `try { DB::transaction(function () { DB::table('companies')->insert(['name' => 'a']); throw new Exception('no'); }); } catch (Exception $e) {}`,
    refused:
      'rolled-back: its up() rolls a transaction back and goes on: whether it does so in production cannot be known → let the failure end the migration, or leave out what is rolled back',
  },
  {
    title: 'rows that are refused, and that is caught',
    up: `try { DB::insert("insert into companies (id, name) values (1, 'a'), (1, 'b')"); } catch (Exception $e) {}`,
    refused: 'failed-and-caught: its up() goes on after a statement that failed (SQLSTATE[23000]',
  },
  {
    title: 'an exception',
    byPhpAlone: true,
    up: `throw new LogicException('not today');`,
    refused: 'php-up-fails: LogicException: not today (FILE:13) → mend the migration, then the same command again',
  },
  {
    title: 'a mistake in the language',
    byPhpAlone: true,
    up: '$x = ;',
    refused: 'php-up-fails: ParseError: syntax error, unexpected token ";" (FILE:13)',
  },
  {
    title: 'a way back that fails in its middle',
    up: `DB::statement('CREATE TABLE t (id INT)');`,
    down: `DB::statement('DROP TABLE t'); throw new LogicException('half way');`,
    refused: 'php-down-fails: LogicException: half way (FILE:17) → mend the migration, then the same command again',
  },
  {
    title: 'a transaction left open',
    byPhpAlone: true,
    up: `DB::beginTransaction(); DB::table('companies')->insert(['name' => 'a']);`,
    refused: 'php-up-fails: RuntimeException: up() leaves a transaction open',
  },
  {
    title: 'exit',
    byPhpAlone: true,
    up: 'exit(0);',
    refused: 'php-ended: PHP ended in the middle of it → leave out exit() and die(); mend what PHP says',
  },
  {
    title: 'shouldRun',
    byPhpAlone: true,
    body: '    public function shouldRun(): bool { return false; }\n',
    up: '',
    refused:
      'should-not-run: its shouldRun() says no: Laravel would pass it by, and ask again the next time → take the file out of the folder until it is to run, or remove shouldRun()',
  },
  {
    title: 'the name of its database',
    up: `DB::statement('ALTER DATABASE \`' . DB::getDatabaseName() . '\` CHARACTER SET utf8mb4');`,
    refused:
      'names-a-database: it puts the name of its database into a statement, and that is CLONE where it is translated → leave the name out: without one the current database is meant',
  },
  {
    title: 'the name of production, which lies beside the clone',
    up: `DB::statement('CREATE TABLE ' . env('DB_DATABASE') . '.t (id INT)');`,
    refused: 'leaves-the-clone: it names a database, acts on the whole server',
  },
  {
    title: 'production itself, by its name in the .env',
    up: `DB::statement('ALTER DATABASE ' . env('DB_DATABASE') . ' CHARACTER SET latin1');`,
    refused: 'leaves-the-clone: ',
  },
  {
    title: 'the whole server',
    up: `DB::unprepared('SET GLOBAL max_connections = 500');`,
    refused:
      'leaves-the-clone: it names a database, acts on the whole server, or runs SQL that is put together while it runs (FILE:13): SET GLOBAL max_connections = 500 → leave the name of the database out; or rehearsal: private, where nothing else can be reached',
  },
  {
    title: 'what the journal cannot follow',
    up: `DB::unprepared('LOCK TABLES companies WRITE'); DB::unprepared('UNLOCK TABLES');`,
    refused: 'cannot-be-applied: LOCK cannot be part of a migration → ',
  },
  {
    title: 'an application that does not start',
    byPhpAlone: true,
    up: '',
    change: (dir) => writeFileSync(join(dir, 'bootstrap/app.php'), "<?php throw new RuntimeException('broken');"),
    refused:
      'php-boot-fails: RuntimeException: broken (app.php:1) → php artisan about, in the folder of the application, tells more',
  },
];

await describeOnLaravel('what translation cannot follow is refused', () => {
  describeOnServers('by name, with what helps', (server) => {
    test.for(CASES)('$title', async ({ refused, change, title: _, byPhpAlone, ...methods }, { skip }) => {
      skip(byPhpAlone === true && server().kind === 'mysql', 'no server has a say in it: the other is enough');
      const { refusals, texts, database } = await translateFiles(server(), {
        production: PRODUCTION,
        files: { [VERSION]: methods },
        ...(change ? { change } : {}),
      });
      const told = refusals.map(({ name, what, remedy }) => `${name}: ${what} → ${remedy}`);
      expect(texts.size).toBe(0);
      expect(told[0]?.replaceAll(`${VERSION}.php`, 'FILE').replaceAll(`${database}_rehearsal`, 'CLONE')).toContain(
        refused,
      );
    });

    test.each([
      ['by a query', `DB::select('SELECT ' . env('DB_DATABASE') . '.bump() AS n');`],
      [
        'in backticks, behind a comment',
        `DB::select('/* x */ SELECT \`' . env('DB_DATABASE') . '\` /* y */ . bump() AS n');`,
      ],
      ['in a condition', `DB::table('companies')->whereRaw(env('DB_DATABASE') . '.bump() = 1')->exists();`],
      ['in a derived table', `DB::select('SELECT * FROM (SELECT ' . env('DB_DATABASE') . '.bump() AS n) x');`],
    ])('a function of production that writes is not run, %s', async (_, up) => {
      const { refusals, database } = await translateFiles(server(), {
        production: `CREATE TABLE companies (id INT PRIMARY KEY); CREATE TABLE counters (n INT); INSERT INTO counters VALUES (0);
          CREATE FUNCTION bump() RETURNS INT DETERMINISTIC MODIFIES SQL DATA BEGIN UPDATE counters SET n = n + 1; RETURN 1; END`,
        files: { [VERSION]: { up } },
      });
      const session = await (await connect(server().target(database))).open();
      const counters = await session.query('SELECT n FROM counters');
      await session.close();
      expect([counters, refusals.map(({ name }) => name)]).toEqual([[{ n: 0 }], ['leaves-the-clone']]);
    });

    test('a side effect that is allowed by name', async () => {
      const { refusals, of } = await translateFiles(server(), {
        production: PRODUCTION,
        files: {
          [VERSION]: {
            head: '// migrate:allow php-side-effect the folder may be made twice\n',
            up: `@mkdir('/nowhere/at/all'); DB::statement('CREATE TABLE t (id INT)');`,
          },
        },
      });
      expect([refusals, of(VERSION).up.at(-1)]).toEqual([[], 'CREATE TABLE t (id INT)']);
    });
  });
});

test('sentences for what is rare', () => {
  expect(endedEarly('v', 'Killed').what).toBe('PHP ended in the middle of it: Killed');
  expect(caught('v', 'up', 'INSERT INTO t VALUES (1)', 'no such table')).toEqual({
    version: 'v',
    name: 'failed-and-caught',
    what: 'its up() goes on after a statement that failed (no such table): INSERT INTO t VALUES (1)',
    remedy: 'ask before instead of catching: Schema::hasTable, Schema::hasColumn; or INSERT IGNORE',
  });
  expect(notText('v', 'up', 'INSERT INTO t VALUES (?)').remedy).toBe(
    "bind the value (DB::statement(…, [$value])), or write it as X'…'",
  );
});

test('a machine without PHP', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'gateway-no-php-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(join(dir, 'storage'));
  const withoutPhp: Exec = {
    ...systemExec,
    run: ({ args, ...command }, options) =>
      systemExec.run({ ...command, args: args.map((arg) => (arg === 'php' ? 'no-such-php' : arg)) }, options),
  };
  const clone = { database: 'clone', user: 'root', tls: false } as const;
  const asked = askPhp({ dir, files: [], clone, production: 'shop' }, withoutPhp, new AbortController().signal);
  await expect(asked).rejects.toMatchObject({
    message: 'engine: artisan needs PHP, and `php` could not be started',
    exitCode: 5,
    next: 'install php-cli, or put it on the PATH',
  });
});

function addConnection(dir: string, config: string): void {
  const path = join(dir, 'config/database.php');
  copyFileSync(path, `${path}.first`);
  writeFileSync(
    path,
    `<?php $all = (fn () => require '${path}.first')(); $all['connections']['other'] = ${config}; return $all;`,
  );
}
