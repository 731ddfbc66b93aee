import { beforeAll, expect, test } from 'vitest';
import { toStatement } from '../../../src/migrations/sql/statement.ts';
import { executeForecasting, type Forecast } from '../../../src/rehearsal/locks/forecast.ts';
import { readSnapshot } from '../../../src/schema/snapshot.ts';
import type { Snapshot } from '../../../src/schema/types.ts';
import { describeOnServers } from '../../support/servers.ts';
import { type Scene, stage } from '../scene.ts';

const SCHEMA = `
  CREATE TABLE owners (id INT PRIMARY KEY, name VARCHAR(50));
  CREATE TABLE pets (id INT PRIMARY KEY, owner_id INT, age INT, name VARCHAR(20), body TEXT,
    KEY age (age), CONSTRAINT pets_owner FOREIGN KEY (owner_id) REFERENCES owners (id),
    CONSTRAINT pets_age CHECK (age > 0), CONSTRAINT pets_name CHECK (name <> ''));
  CREATE TRIGGER pets_made BEFORE INSERT ON pets FOR EACH ROW SET NEW.name = TRIM(NEW.name);`;
const GIGABYTE = 1e9;

/** Production as it would be with this many bytes in `pets`. */
function grown(snapshot: Snapshot, bytes: number): Snapshot {
  const objects = new Map(snapshot.objects);
  const pets = objects.get('table:pets');
  if (pets?.table) {
    objects.set('table:pets', { ...pets, table: { ...pets.table, estimatedRows: 12_000_000, estimatedBytes: bytes } });
  }
  return { ...snapshot, objects };
}

describeOnServers('the forecast of locks', (server) => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await stage(server(), { schema: SCHEMA, migrations: [] });
    return () => scene.close();
  });

  /** Each on the tables as they were at first. */
  async function forecast(sql: string, bytes = 0): Promise<Forecast | undefined> {
    const { checks } = await keys();
    await scene.clone.execute('SET SESSION foreign_key_checks = 0');
    for (const table of ['pets', 'owners', 'animals']) await scene.clone.execute(`DROP TABLE IF EXISTS ${table}`);
    await scene.clone.execute(`SET SESSION foreign_key_checks = ${checks}`);
    for (const text of SCHEMA.split(';').filter((part) => part.trim())) await scene.clone.execute(text);
    const production = grown(scene.before, bytes);
    return (await executeForecasting({ clone: scene.clone, statement: toStatement(sql, 7), production })).forecast;
  }
  async function keys() {
    const [row] = await scene.clone.query<{ checks: number }>('SELECT @@SESSION.foreign_key_checks AS checks');
    return { checks: Number(row?.checks) };
  }
  const effectOf = async (sql: string) => (await forecast(sql))?.effect;

  test('is what the server itself takes', async () => {
    expect(await effectOf('ALTER TABLE pets ADD COLUMN chip CHAR(15) NULL')).toBe('instant');
    expect(await effectOf('ALTER TABLE pets ADD INDEX by_name (name)')).toBe('online');
    expect(await effectOf('CREATE INDEX by_name ON pets (name)')).toBe('online');
    expect(await effectOf('DROP INDEX age ON pets')).toBe('online');
    expect(await effectOf('ALTER TABLE pets ADD FULLTEXT KEY words (body)')).toBe('writes wait');
    expect(await effectOf('ALTER TABLE pets MODIFY age BIGINT')).toBe('rebuild');
    expect(await effectOf('alter table `pets` rename to animals')).toBe('instant');
  });

  test('knows constraints by their names, though a copy cannot have the same', async () => {
    const free = server().kind === 'mysql' ? 'online' : 'instant';
    expect(await effectOf('ALTER TABLE pets DROP FOREIGN KEY pets_owner')).toBe(free);
    expect(await effectOf('ALTER TABLE pets RENAME TO animals, DROP CONSTRAINT pets_name, MODIFY age BIGINT')).toBe(
      'rebuild',
    );
    expect(await effectOf('ALTER TABLE pets ADD CONSTRAINT again FOREIGN KEY (owner_id) REFERENCES owners (id)')).toBe(
      'rebuild',
    );
  });

  test('takes an algorithm that is asked for at its word', async () => {
    expect(await effectOf('ALTER TABLE pets ADD COLUMN chip CHAR(15) NULL, ALGORITHM=COPY')).toBe('rebuild');
    expect(await effectOf('ALTER TABLE pets ADD INDEX n (name), ALGORITHM = INPLACE, LOCK = SHARED')).toBe(
      'writes wait',
    );
    expect(await effectOf('CREATE INDEX n ON pets (name) LOCK=SHARED')).toBe('writes wait');
  });

  test('goes by the settings of the connection that it is asked on', async () => {
    const add = 'ALTER TABLE pets ADD CONSTRAINT again FOREIGN KEY (owner_id) REFERENCES owners (id)';
    await scene.clone.execute('SET SESSION foreign_key_checks = 0');
    expect(await effectOf(add)).toBe(server().kind === 'mysql' ? 'online' : 'instant');
    await scene.clone.execute('SET SESSION foreign_key_checks = 1');
  });

  test('finds a change that blocks a large table, and says what to write instead', async () => {
    const found = await forecast('ALTER TABLE pets MODIFY age BIGINT', 500 * GIGABYTE);
    expect(found).toMatchObject({ effect: 'rebuild', table: 'pets', rows: 12_000_000, bytes: 500 * GIGABYTE });
    expect(found?.finding).toMatchObject({
      name: 'blocking-change',
      level: 'error',
      object: 'pets',
      why: 'every request that writes to the table hangs until it is done, and those behind it too',
    });
    const seconds = ((found?.estimateMs ?? 0) / 1000).toFixed(1);
    expect(found?.finding?.what).toBe(
      `ALTER TABLE at line 7 copies the whole table, and writes wait meanwhile: about 12000000 rows, 500000 MB in production, at least ${seconds} s`,
    );
    expect(found?.finding?.fix).toContain('ALTER TABLE `pets` ADD COLUMN …, ALGORITHM=INSTANT');
  });

  test('finds nothing in the same change of a small table, nor in an online one of a large table', async () => {
    expect(await forecast('ALTER TABLE pets MODIFY age BIGINT', 16_384)).toMatchObject({ estimateMs: 2 });
    expect((await forecast('ALTER TABLE pets MODIFY age BIGINT', 16_384))?.finding).toBeUndefined();
    expect((await forecast('CREATE INDEX n ON pets (name)', 500 * GIGABYTE))?.finding).toBeUndefined();
  });

  test('says nothing of other statements, and refuses what is refused in the words for the statement itself', async () => {
    expect(await forecast('CREATE TABLE animals (id INT)')).toBeUndefined();
    expect(await forecast('DROP TABLE pets')).toBeUndefined();
    await expect(forecast('ALTER TABLE not_there ADD COLUMN a INT')).rejects.toThrow(/not_there' doesn't exist$/);
    await expect(forecast('ALTER TABLE pets DROP COLUMN not_there')).rejects.toThrow(/not_there.*check that/);
  });

  test('makes exactly the change that the statement asks for', async () => {
    const changes = [
      'ALTER TABLE pets ADD COLUMN chip CHAR(15) NULL, MODIFY age BIGINT',
      'ALTER TABLE pets RENAME TO animals, DROP CONSTRAINT pets_name',
      'CREATE INDEX by_name ON pets (name)',
      'DROP INDEX age ON pets',
    ];
    for (const change of changes) {
      await forecast(change);
      const forecasted = await readSnapshot(scene.clone, scene.after.database);
      await forecast('DROP TABLE IF EXISTS animals');
      await scene.clone.execute(change);
      expect((await readSnapshot(scene.clone, scene.after.database)).fingerprint, change).toBe(forecasted.fingerprint);
    }
  });
});
