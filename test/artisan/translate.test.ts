import { expect, test } from 'vitest';
import { describeOnLaravel } from '../support/laravel.ts';
import { describeOnServers } from '../support/servers.ts';
import { type Methods, translateFiles } from './stage.ts';

const SHOPS = '2025_01_01_000001_create_shops_table';
const PRODUCTION =
  'CREATE TABLE companies (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, name VARCHAR(99), note JSON)';
const LATER = '2025_01_01_000002_fill_them';

const create: Methods = {
  up: `Schema::create('shops', function (Blueprint $table) {
            $table->id();
            $table->foreignId('company_id')->constrained()->cascadeOnDelete();
            $table->string('name')->default('none');
        });`,
  down: `Schema::dropIfExists('shops');`,
};

await describeOnLaravel('PHP migrations as SQL', () => {
  describeOnServers('translated', (server) => {
    const isPlain = (sql: string) => !sql.startsWith('SET SESSION');

    test('Schema builder, anonymous and named, forward and back; what it prints is shown', async () => {
      const { of, refusals, notes } = await translateFiles(server(), {
        production: PRODUCTION,
        files: {
          [SHOPS]: { ...create, isNamed: true },
          [LATER]: {
            up: `echo "adding\\n"; if (!Schema::hasColumn('shops', 'city')) Schema::table('shops', fn (Blueprint $table) => $table->string('city', 40)->nullable());`,
            down: `Schema::table('shops', fn (Blueprint $table) => $table->dropColumn('city'));`,
          },
        },
      });
      expect(refusals).toEqual([]);
      expect(notes).toEqual([{ version: LATER, text: 'adding' }]);
      expect(of(SHOPS).up.filter(isPlain)).toEqual([
        "create table `shops` (`id` bigint unsigned not null auto_increment primary key, `company_id` bigint unsigned not null, `name` varchar(255) not null default 'none') default character set utf8mb4 collate 'utf8mb4_unicode_ci'",
        'alter table `shops` add constraint `shops_company_id_foreign` foreign key (`company_id`) references `companies` (`id`) on delete cascade',
      ]);
      expect(of(SHOPS).down).toEqual(['drop table if exists `shops`']);
      expect(of(LATER).up.filter(isPlain)).toEqual(['alter table `shops` add `city` varchar(40) null']);
      expect(of(LATER).down.filter(isPlain)).toEqual(['alter table `shops` drop `city`']);
    });

    test('rows: every value as it is, transactions, raw statements, stored programs', async () => {
      const right = await translateFiles(server(), {
        production: PRODUCTION,
        isPrivate: true,
        files: {
          [SHOPS]: create,
          [LATER]: {
            head: 'class Shoplike extends Model { protected $table = "companies"; public $timestamps = false; protected $guarded = []; protected $casts = ["note" => "array"]; }',
            up: `DB::table('companies')->insert(['id' => 7, 'name' => "it's ? :x", 'note' => null]);
        Shoplike::create(['name' => "é \\\\", 'note' => ['a' => true]]);
        DB::transaction(function () {
            DB::update('update companies set name = :n /* ? */ where id > :i', ['n' => 'x', 'i' => 5]);
        });
        DB::table('shops')->where('id', 1)->update(['name' => DB::raw('concat(name, "?")')]);
        DB::unprepared('CREATE TRIGGER t BEFORE INSERT ON shops FOR EACH ROW BEGIN SET NEW.name = TRIM(NEW.name); SET NEW.name = LOWER(NEW.name); END');
        DB::connection()->getPdo()->exec("DELETE FROM shops WHERE id = 3");
        DB::unprepared('INSERT INTO shops (id, company_id) VALUES (4, 7); DELETE FROM shops WHERE id = 4');`,
            down: `DB::unprepared('DROP TRIGGER t');`,
          },
        },
      });
      expect(right.refusals).toEqual([]);
      expect(right.of(LATER).up.filter(isPlain)).toEqual([
        "insert into `companies` (`id`, `name`, `note`) values (7, 'it''s ? :x', NULL)",
        `insert into \`companies\` (\`name\`, \`note\`) values (_utf8mb4 X'c3a9205c', '{"a":true}')`,
        'START TRANSACTION',
        "update companies set name = 'x' /* ? */ where id > 5",
        'COMMIT',
        'update `shops` set `name` = concat(name, "?") where `id` = 1',
        'CREATE TRIGGER t BEFORE INSERT ON shops FOR EACH ROW BEGIN SET NEW.name = TRIM(NEW.name); SET NEW.name = LOWER(NEW.name); END',
        'DELETE FROM shops WHERE id = 3',
        'INSERT INTO shops (id, company_id) VALUES (4, 7)',
        'DELETE FROM shops WHERE id = 4',
      ]);
      expect(right.of(LATER).down.filter(isPlain)).toEqual(['DROP TRIGGER t']);
    });

    test('what stands behind a query in one text, a variable that a query sets, and a key of its own', async () => {
      const { of, refusals } = await translateFiles(server(), {
        production: PRODUCTION,
        files: {
          [LATER]: {
            up: `DB::unprepared('SELECT COUNT(*) INTO @n FROM information_schema.SCHEMATA');
        $id = DB::table('companies')->insertGetId(['id' => 9, 'name' => 'x']);
        DB::table('companies')->where('id', $id)->update(['name' => 'y']);
        DB::unprepared('SELECT 1; ALTER TABLE companies ADD city INT');`,
          },
        },
      });
      expect(refusals).toEqual([]);
      expect(of(LATER).up.filter(isPlain)).toEqual([
        'SELECT COUNT(*) INTO @n FROM information_schema.SCHEMATA',
        "insert into `companies` (`id`, `name`) values (9, 'x')",
        "update `companies` set `name` = 'y' where `id` = 9",
        'SELECT 1',
        'ALTER TABLE companies ADD city INT',
      ]);
    });

    test("a down() that only throws, one that is missing, and a caught failure of DDL are told; the connection is Laravel's", async () => {
      const { of, refusals, notes } = await translateFiles(server(), {
        production: PRODUCTION,
        files: {
          [SHOPS]: {
            up: `DB::table('companies')->where('name', 'x')->update(['name' => 'y']);`,
            down: `throw new Exception('one way');`,
          },
          [LATER]: {
            up: `try { DB::statement('ALTER TABLE companies DROP COLUMN nothing'); } catch (Exception $e) {}`,
          },
        },
      });
      expect(refusals).toEqual([]);
      expect(notes.map(({ version, text }) => `${version} ${text.replace(/SQLSTATE.*/, '…')}`)).toEqual([
        `${LATER} a statement that fails and is caught is left out: …`,
        `${SHOPS} its down() fails, so that nothing leads back by it: one way`,
      ]);
      expect(of(SHOPS).up).toContain("SET SESSION collation_connection = 'utf8mb4_unicode_ci'");
      expect(of(LATER)).toEqual({ up: [], down: [] });
    });
  });
});
