import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, lastOf, type Production } from './production.ts';

function table(name: string): string {
  return `-- migrate:up\nCREATE TABLE ${name} (id INT PRIMARY KEY);\n-- migrate:down\nDROP TABLE ${name};\n`;
}

describeOnServers('rollback', (server) => {
  const made: Production[] = [];
  const create = async (migrations: Record<string, string>) => {
    const production = await createProduction(server(), { migrations });
    made.push(production);
    return production;
  };
  afterAll(() => {
    for (const production of made) production.remove();
  });
  const applied = async (production: Production) => lastOf(await production.run('status', '--json')).applied;

  test('undoes only what its run applied; --to and --steps choose among that', async () => {
    const production = await create({ '1_a.sql': table('a'), '2_b.sql': table('b') });
    const first = lastOf(await production.run('deploy', '--yes', '--json'));
    for (const [name, text] of [
      ['3_c.sql', table('c')],
      ['4_d.sql', table('d')],
      ['5_e.sql', table('e')],
    ] as const) {
      production.migration(name, text);
    }
    expect(lastOf(await production.run('deploy', '--yes', '--json')).applied).toEqual(['3', '4', '5']);

    expect(lastOf(await production.run('rollback', '--steps', '1', '--yes', '--json')).reverted).toEqual(['5']);
    expect(lastOf(await production.run('rollback', '--to', '3', '--yes', '--json')).reverted).toEqual(['4']);
    expect(lastOf(await production.run('rollback', '--yes', '--json')).reverted).toEqual(['3']);
    expect(await applied(production)).toEqual(['1', '2']);
    expect(lastOf(await production.run('rollback', '--run', 'nobody', '--yes', '--json'))).toMatchObject({
      exitCode: 5,
      error: {
        what: 'run nobody applied nothing that is still in place',
        state: 'nothing was started, production is unchanged',
        next: 'gateway-migrate status',
      },
    });
    expect(lastOf(await production.run('rollback', '--run', first.run, '--yes', '--json')).reverted).toEqual([
      '2',
      '1',
    ]);
    const nothing = await production.run('rollback', '--yes');
    expect([nothing.code, nothing.stdout]).toEqual([0, expect.stringContaining('nothing to undo')]);
  });

  const numbered = (versions: readonly string[]) =>
    Object.fromEntries(versions.map((version) => [`${version}_t.sql`, table(`t${version}`)]));

  test.each([
    { files: ['8', '9', '10', '11'], to: '10', reverted: ['11'] },
    { files: ['000001', '000002', '000012', '000022'], to: '2', reverted: ['000022', '000012'] },
    { files: ['998', '999', '1000', '1001'], to: '998', reverted: ['1001', '1000', '999'] },
    { files: ['09', '10', '100'], to: '9', reverted: ['100', '10'] },
  ])('$files back to $to', async ({ files, to, reverted }) => {
    const production = await create(numbered(files));
    expect(lastOf(await production.run('deploy', '--yes', '--json')).applied).toEqual(files);
    expect(lastOf(await production.run('rollback', '--to', to, '--yes', '--json')).reverted).toEqual(reverted);
    expect(await applied(production)).toEqual(files.filter((version) => !reverted.includes(version)));
  });

  test('resume without the state folder takes 9 before 10', async () => {
    const production = await create({
      '8_a.sql': table('a'),
      '9_b.sql': '-- migrate:up\nCREATE TABLE b (id INT PRIMARY KEY);\n-- migrate:down\nDROP TABLE b;\n',
      '10_c.sql': '-- migrate:up\nCREATE TABLE c LIKE b;\n-- migrate:down\nDROP TABLE c;\n',
    });
    expect((await production.run('deploy', '--to', '8', '--yes')).code).toBe(0);
    for (const name of ['9_b', '10_c']) {
      const text = readFileSync(join(production.dir, 'migrations', `${name}.sql`), 'utf8');
      await production.sql(`INSERT INTO gateway_migrate_history (version, name, checksum, state, run, started, base_name, text)
        VALUES ('${name.slice(0, -2)}', '${name.at(-1)}', '', 'applying', 'cut-off', UTC_TIMESTAMP(3), '${name}', '${text}')`);
    }
    rmSync(join(production.dir, '.gateway-migrate'), { recursive: true });
    expect(lastOf(await production.run('resume', '--yes', '--json'))).toMatchObject({
      exitCode: 0,
      applied: ['9', '10'],
    });
    expect(await applied(production)).toEqual(['8', '9', '10']);
  });

  test('keeps the rows in a file that loads, or discards them when told to', async () => {
    const production = await create({ '1_a.sql': table('a') });
    await production.run('deploy', '--yes');
    await production.sql('INSERT INTO a VALUES (7)');
    const rolledBack = await production.run('rollback', '--yes', '--json');
    expect(rolledBack.stdout).toContain(
      'from the moment in which the rows of a are saved until they are gone, whoever writes there gets an error',
    );
    const { saved } = lastOf(rolledBack);
    const listed = (await production.run('backup', 'list')).stdout.split('\n');
    expect(listed.find((line) => line.startsWith(String(saved)))).toMatch(/ {2}rows that a rollback saved$/);
    expect(listed.find((line) => line.includes('_pre_migration_'))).toMatch(/ {2}can restore to /);
    await production.sql(
      gunzipSync(readFileSync(String(saved)))
        .toString()
        .replace(/^\/\*M!999999.*\n/, ''),
    );
    expect(await production.query('SELECT id FROM a')).toEqual([{ id: 7 }]);
    await production.sql('DROP TABLE a');

    await production.run('deploy', '--yes');
    await production.sql('INSERT INTO a VALUES (8)');
    const discardingRun = await production.run('rollback', '--discard-new-rows', '--yes', '--json');
    expect(discardingRun.stdout).not.toContain('the site stays up');
    const discarding = lastOf(discardingRun);
    expect(discarding).toMatchObject({ exitCode: 0, reverted: ['1'] });
    expect(discarding.saved).toBeUndefined();
    expect(lastOf(await production.run('restore', '--backup', String(saved), '--yes', '--json'))).toMatchObject({
      exitCode: 2,
      production: 'unchanged',
      error: { what: `${saved} holds only the rows that a rollback saved, not the whole database` },
    });
  });

  test('saves the rows that go with those that a down section deletes', async () => {
    const production = await create({
      '1_seed.sql':
        "-- migrate:up\nINSERT INTO shops VALUES (9, 'nine');\n-- migrate:down\nDELETE FROM shops WHERE id = 9;\n",
    });
    await production.sql(`CREATE TABLE shops (id INT PRIMARY KEY, name VARCHAR(20));
      CREATE TABLE visits (id INT PRIMARY KEY, shop_id INT, FOREIGN KEY (shop_id) REFERENCES shops (id) ON DELETE CASCADE);
      CREATE TABLE pages (id INT PRIMARY KEY, visit_id INT, FOREIGN KEY (visit_id) REFERENCES visits (id) ON DELETE SET NULL);
      CREATE TABLE others (id INT PRIMARY KEY)`);
    await production.run('deploy', '--yes');
    await production.sql('INSERT INTO visits VALUES (90, 9); INSERT INTO pages VALUES (900, 90)');
    const { saved } = lastOf(await production.run('rollback', '--yes', '--json'));
    expect(await production.query('SELECT id FROM visits')).toEqual([]);
    const manifest = JSON.parse(readFileSync(`${saved}.manifest.json`, 'utf8')) as {
      tables: { name: string; rows: number }[];
    };
    const kept = manifest.tables.map(({ name, rows }) => `${name}: ${rows}`).sort();
    expect(kept).toEqual(['pages: 1', 'shops: 1', 'visits: 1']);
  });

  test('without the journal of the run: by the down sections, and nothing of them is left', async () => {
    const production = await create({ '1_a.sql': table('a'), '2_b.sql': table('b') });
    const { run } = lastOf(await production.run('deploy', '--yes', '--json'));
    await production.sql('DELETE FROM gateway_migrate_journal');
    const undone = lastOf(await production.run('rollback', '--run', String(run), '--yes', '--json'));
    expect(undone).toMatchObject({ exitCode: 0, reverted: ['2', '1'] });
    expect(await production.objects()).not.toContain('base table a');

    production.migration(
      '1_a.sql',
      '-- migrate:up\nCREATE TABLE a (id INT PRIMARY KEY);\n-- migrate:down\nSELECT 1;\n',
    );
    await production.run('deploy', '--yes');
    await production.sql('DELETE FROM gateway_migrate_journal');
    expect(lastOf(await production.run('rollback', '--yes', '--json'))).toMatchObject({
      exitCode: 3,
      error: { what: 'Undo the migrations: the way back ran, but this is not as it was before: table a' },
    });
    expect(lastOf(await production.run('rollback', '--yes', '--json')).exitCode).toBe(3);
  });

  test('3: a way back that leaves something behind is not called done', async () => {
    const production = await create({ '1_a.sql': `${table('a')}CREATE TABLE left_over (id INT);\n` });
    expect((await production.run('deploy', '--yes')).code).toBe(0);
    await production.sql('CREATE TABLE unrelated (id INT)');
    expect(lastOf(await production.run('rollback', '--yes', '--json'))).toMatchObject({
      exitCode: 3,
      production: 'changed',
      error: {
        what: 'Undo the migrations: the way back ran, but this is not as it was before: table left_over',
        state: 'every statement of the way back is done; the objects named above differ from before',
        next: 'gateway-migrate restore --backup latest',
      },
    });
  });

  test('a stopped run is mended and resumed; what was applied of it must not be edited', async () => {
    const up = 'CREATE TABLE c (id INT PRIMARY KEY)';
    const production = await create({
      '1_a.sql': table('a'),
      '2_c.sql': `-- migrate:up\n${up};\nALTER TABLE a ADD COLUMN id INT;\n-- migrate:down\nDROP TABLE c;\n`,
    });
    const stopped = lastOf(await production.run('deploy', '--on-failure', 'stop', '--yes', '--json'));
    expect(stopped).toMatchObject({ exitCode: 3, production: 'changed', applied: ['1'] });

    production.migration(
      '2_c.sql',
      `-- migrate:up\n${up.replace('INT', 'BIGINT')};\nALTER TABLE a ADD COLUMN n INT;\n`,
    );
    const edited = lastOf(await production.run('resume', '--yes', '--json'));
    expect(edited.exitCode).not.toBe(0);
    expect(JSON.stringify(edited.error)).toMatch(
      /- CREATE TABLE c \(id INT PRIMARY KEY\).*\+ CREATE TABLE c \(id BIGINT PRIMARY KEY\)/,
    );

    production.migration(
      '2_c.sql',
      `-- migrate:up\n${up};\nALTER TABLE a ADD COLUMN n INT;\n-- migrate:down\nDROP TABLE c;\n`,
    );
    const resumed = lastOf(await production.run('resume', '--yes', '--json'));
    expect(resumed).toMatchObject({ exitCode: 0, production: 'changed', applied: ['2'], run: stopped.run });
    expect(await applied(production)).toEqual(['1', '2']);
    expect(await production.query('SELECT id, n FROM a')).toEqual([]);
    const nothing = await production.run('resume', '--yes');
    expect([nothing.code, nothing.stdout]).toEqual([
      0,
      expect.stringContaining('nothing to finish: no run was cut off'),
    ]);
  });
});
