import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Methods, php } from '../artisan/stage.ts';
import { createApplication, describeOnLaravel, isRoot, overTcp } from '../support/laravel.ts';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, finish, lastOf, type Production } from './production.ts';

const OLD = '2014_10_12_000000_create_companies_table';
const SHOPS = '2025_01_01_000001_create_shops_table';
const FILL = '2025_01_01_000002_fill_them';
const CITY = '2025_01_01_000003_add_city';
const BAD = '2025_01_01_000004_fails';

const FILES: Readonly<Record<string, Methods>> = {
  [OLD]: { up: `throw new LogicException('applied long ago');` },
  [SHOPS]: {
    isNamed: true,
    up: `Schema::create('shops', function (Blueprint $table) {
            $table->id();
            $table->unsignedBigInteger('company_id');
            $table->string('name', 60);
            $table->timestamps();
        });`,
    down: `Schema::dropIfExists('shops');`,
  },
  [FILL]: {
    head: '// migrate:allow no-way-back-from-the-middle it is a test\nclass Shop extends Model { protected $guarded = []; }\n',
    up: `Shop::create(['company_id' => 1, 'name' => "C:\\\\temp " . bin2hex(random_bytes(4))]);
        DB::table('companies')->where('id', '<', 3)->update(['name' => DB::raw("concat(name, '!')")]);
        DB::transaction(function () {
            DB::table('shops')->insert([['company_id' => 2, 'name' => 'b'], ['company_id' => 2, 'name' => 'c']]);
            DB::statement('update shops set company_id = 3 where name = ?', ['c']);
        });`,
    down: `DB::table('companies')->where('id', '<', 3)->update(['name' => DB::raw("trim(trailing '!' from name)")]);
        DB::table('shops')->delete();`,
  },
  [CITY]: {
    up: `if (!Schema::hasColumn('companies', 'city')) Schema::table('companies', fn (Blueprint $table) => $table->string('city')->nullable());`,
    down: `Schema::table('companies', fn (Blueprint $table) => $table->dropColumn('city'));`,
  },
};

await describeOnLaravel("Laravel's PHP migrations", () => {
  describeOnServers('deployed', (server) => {
    let production: Production;
    let app: string;
    const write = (name: string, methods: Methods) =>
      writeFileSync(join(app, 'database/migrations', `${name}.php`), php(name, methods));
    const artisan = (...args: string[]) => {
      const [file = '', ...rest] = [
        ...(isRoot() ? ['runuser', '-u', 'www-data', '--'] : []),
        'php',
        'artisan',
        ...args,
      ];
      return execFileSync(file, rest, { cwd: app, encoding: 'utf8' });
    };
    const noted = async () =>
      (
        await production.query<{ migration: string; batch: number }>(
          'SELECT migration, batch FROM migrations ORDER BY id',
        )
      ).map(({ migration, batch }) => `${migration} ${batch}`);
    const run = async (...args: string[]): Promise<Record<string, unknown> & { told: string; code: unknown[] }> => {
      const finished = await production.run(...args, '--json');
      const last = lastOf(finished);
      return {
        ...last,
        told: finished.stdout,
        code: [last.exitCode, (last.error as { what: string } | undefined)?.what],
      };
    };

    beforeAll(async () => {
      production = await createProduction(server(), { rehearses: true, reachedBy: 'tcp' });
      await production.sql(
        `CREATE TABLE companies (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, name VARCHAR(99));
         INSERT INTO companies (name) VALUES ('Acme'), ('Beta'), ('Gamma');
         CREATE TABLE migrations (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, migration VARCHAR(255) NOT NULL, batch INT NOT NULL);
         INSERT INTO migrations (migration, batch) VALUES ('${OLD}', 3), ('2019_of_a_package', 3)`,
      );
      app = createApplication(overTcp(server(), production.database));
      mkdirSync(join(app, 'database/migrations'), { recursive: true });
      for (const [name, methods] of Object.entries(FILES)) write(name, methods);
      production.configure({
        app: { dir: app, maintenance: 'none', caches: 'none' },
        migrations: { engine: 'artisan' },
      });
    });
    afterAll(() => {
      production?.remove();
      if (app) rmSync(app, { recursive: true, force: true });
    });

    test('what artisan has applied counts as applied; the rest is pending, and new is for SQL', async () => {
      const status = JSON.parse((await production.run('status', '--json')).stdout);
      expect(status).toMatchObject({
        applied: [OLD],
        pending: [SHOPS, FILL, CITY],
        changed: [],
        missing: [],
        problems: [],
      });
      expect((await production.run('status')).stdout).toContain('PHP, not translated yet');
      expect(lastOf(await production.run('new', 'orders', '--json')).error).toEqual({
        what: 'the migrations of this configuration are PHP files of the application',
        state: 'nothing was started, production is unchanged',
        next: 'php artisan make:migration',
      });
    });

    test('a failing one is named by test with its line, and deploy refuses it', async () => {
      write(BAD, { up: `DB::table('companies')->get(); throw new LogicException('not today');` });
      const tested = await run('test');
      expect(tested.code).toEqual([1, `not ready: ${BAD} reads-rows, ${BAD} php-up-fails`]);
      expect(tested.told).toContain(`LogicException: not today (${BAD}.php:13)`);
      expect(await run('deploy', '--yes')).toMatchObject({
        exitCode: 5,
        error: { what: `no translation: ${BAD} reads-rows, ${BAD} php-up-fails`, next: 'gateway-migrate test' },
      });
      rmSync(join(app, 'database/migrations', `${BAD}.php`));
    });

    test('dry-run shows the SQL; test proves it; deploy applies it, and artisan agrees', async () => {
      const dry = await production.run('deploy', '--dry-run');
      expect([dry.code, dry.stderr]).toEqual([0, '']);
      expect(dry.stdout).toContain('create table `shops`');
      expect(dry.stdout).toContain("_utf8mb4 X'433a5c");
      expect((await run('test')).code).toEqual([0, undefined]);
      const deployed = await run('deploy', '--yes');
      expect([deployed.code, deployed.applied]).toEqual([
        [0, undefined],
        [SHOPS, FILL, CITY],
      ]);
      expect(deployed.told).not.toContain('"id":"translate"');
      expect(deployed.told).not.toContain('"id":"rehearse"');
      expect(await production.query('SELECT name FROM companies')).toEqual([
        { name: 'Acme!' },
        { name: 'Beta!' },
        { name: 'Gamma' },
      ]);
      const shops = await production.query<{ company_id: number; name: string }>('SELECT company_id, name FROM shops');
      expect(shops.map(({ company_id }) => company_id)).toEqual([1, 2, 3]);
      expect(shops[0]?.name).toMatch(/^C:\\temp [0-9a-f]{8}$/);
      expect(await noted()).toEqual([`${OLD} 3`, '2019_of_a_package 3', `${SHOPS} 4`, `${FILL} 5`, `${CITY} 6`]);
      expect(artisan('migrate:status')).not.toMatch(/\bNo\b/);
      expect(artisan('migrate', '--force')).toContain('Nothing to migrate');
      const status = JSON.parse((await production.run('status', '--json', '--check')).stdout);
      expect(status).toMatchObject({ applied: [OLD, SHOPS, FILL, CITY], pending: [], changed: [] });
      expect((await run('verify')).code).toEqual([0, undefined]);
    });

    test('an applied file that is edited shows as a diff of its PHP', async () => {
      write(CITY, { ...FILES[CITY], up: '// nothing any more' });
      const { stdout } = await production.run('status');
      expect(stdout).toContain("-         if (!Schema::hasColumn('companies', 'city'))");
      expect(stdout).toContain('+         // nothing any more');
      write(CITY, FILES[CITY] as Methods);
    });

    test('rollback undoes by down, without PHP; artisan agrees again', async () => {
      rmSync(join(app, 'vendor'), { recursive: true, force: true });
      const back = await run('rollback', '--yes');
      expect([back.code, back.reverted]).toEqual([
        [0, undefined],
        [CITY, FILL, SHOPS],
      ]);
      expect(await production.query('SELECT name FROM companies')).toEqual([
        { name: 'Acme' },
        { name: 'Beta' },
        { name: 'Gamma' },
      ]);
      expect(await noted()).toEqual([`${OLD} 3`, '2019_of_a_package 3']);
      expect(artisan('migrate:status')).toMatch(new RegExp(`No.*${SHOPS}`));
    });

    test('an edited file is translated anew; one that changes meanwhile is told', async () => {
      write(CITY, { up: `while (!file_exists('go')) { clearstatcache(); usleep(5000); }` });
      const child = production.start(['test', '--json']);
      const translating = new Promise<void>((resolve) => {
        child.stdout?.on('data', (text: Buffer) => void (text.includes('"id":"translate"') && resolve()));
      });
      const ended = finish(child);
      await translating;
      write(CITY, { up: '' });
      writeFileSync(join(app, 'go'), '');
      expect(lastOf(await ended).error).toEqual({
        what: 'the PHP migrations changed while they were translated',
        state: 'production is as it was before',
        next: 'the same command again',
      });
    });
  });
});
