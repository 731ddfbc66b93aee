import { expect, test } from 'vitest';
import { ExactFloats } from '../../../src/backup/dump/floats/exact-floats.ts';
import { findFloatTables } from '../../../src/backup/dump/floats/float-tables.ts';
import { FloatUpdates } from '../../../src/backup/dump/floats/float-updates.ts';

/** A server of one table `t (id INT PRIMARY KEY, f FLOAT)`, whose snapshots are what `states` says, in their order. */
function serverOf(states: readonly ReadonlyMap<number, number>[]) {
  let opened = 0;
  return {
    target: { database: 'd' },
    open: async () => {
      const state = states[opened++] as ReadonlyMap<number, number>;
      return {
        query: async (sql: string) => {
          if (!sql.startsWith('SELECT')) return [];
          const after = /AND \(`id` > (\d+)\)/.exec(sql)?.[1];
          const upTo = /NOT \(`id` > (\d+)\)/.exec(sql)?.[1];
          const limit = /LIMIT (\d+)/.exec(sql)?.[1];
          return [...state]
            .filter(([, v]) => Number(v.toPrecision(6)) !== v)
            .filter(([id]) => (after === undefined || id > Number(after)) && (upTo === undefined || id <= Number(upTo)))
            .slice(0, limit === undefined ? undefined : Number(limit))
            .map(([id, v]) => ({ k0: String(id), t0: v.toPrecision(6), v0: String(v), l0: 1 }));
        },
        close: async () => undefined,
      };
    },
  } as never;
}

const TABLE = { name: 't', key: [{ name: 'id', literal: 'CAST(`id` AS CHAR)' }], floats: ['f'], selfUpdating: [] };
const ROWS = new Map(Array.from({ length: 5003 }, (_, id) => [id + 1, Math.fround(52.520008 + id)] as const));

async function additionsOf(before: ReadonlyMap<number, number>, after: ReadonlyMap<number, number>): Promise<string> {
  const floats = await ExactFloats.begin(serverOf([before, after]), [TABLE]);
  await floats?.dumpHasBegun();
  let text = '';
  for await (const part of floats?.behindRows('t') ?? []) text += part;
  return text;
}

// The proof compares this text.
test.each([3, 5001])(
  'what was loaded has the additions of the backup, when row %i changed as the dump began',
  async (id) => {
    const backup = await additionsOf(ROWS, new Map(ROWS).set(id, Math.fround(13.404954)));
    const loaded = new Map(ROWS).set(id, Number(Math.fround(13.404954).toPrecision(6)));
    expect((await additionsOf(loaded, loaded)) === backup).toBe(true);
  },
);

test('statements commit by the hundred, and none by itself', async () => {
  const many = new Map(Array.from({ length: 20_001 }, (_, id) => [id + 1, Math.fround(52.520008 + id)] as const));
  const lines = (await additionsOf(many, many)).split('\n').filter((line) => /^[A-Z]/.test(line));
  const verbs = lines.map((line) => /^\w+/.exec(line)?.[0]).join(' ');
  const transaction = (statements: number) => `START ${'UPDATE '.repeat(statements)}COMMIT`;
  expect(verbs).toBe([transaction(200), transaction(200), transaction(1)].join(' '));
});

test('a FLOAT whose default is an expression is told too; only what is computed is not', async () => {
  const floats = [
    { table: 't', column: 'a', extra: '' },
    { table: 't', column: 'b', extra: 'DEFAULT_GENERATED' },
    { table: 't', column: 'c', extra: 'STORED GENERATED' },
  ];
  // Reads the condition as the server does.
  const isFound = (sql: string, extra: string) => {
    const like = /extra NOT LIKE '([^']+)'/.exec(sql)?.[1];
    const pattern = /extra NOT (?:REGEXP|RLIKE) '([^']+)'/.exec(sql)?.[1];
    if (like) return !new RegExp(`^${like.replaceAll('%', '.*')}$`, 'i').test(extra);
    return pattern ? !new RegExp(pattern, 'i').test(extra) : true;
  };
  const session = {
    query: async (sql: string) => {
      if (/data_type = 'float'/.test(sql)) return floats.filter(({ extra }) => isFound(sql, extra));
      if (/statistics/.test(sql)) return [{ table: 't', index: 'PRIMARY', column: 'id', isPart: 0 }];
      const id = { table: 't', column: 'id', type: 'int', charset: null, extra: '' };
      return [id, ...floats.map((row) => ({ ...row, type: 'float', charset: null }))];
    },
  };
  const server = { flavor: { kind: 'mysql', version: [9, 7, 4] }, target: { database: 'd' } };
  const [table] = await findFloatTables(server as never, session as never);
  expect(table?.floats).toEqual(['a', 'b']);
});

test.each([
  ['300 FLOATs, a UUID as key', 300, 36],
  ['200 FLOATs, the longest key', 200, 3072],
])('a statement is no longer than a packet: %s', (_, columns, keyBytes) => {
  const floats = Array.from({ length: columns }, (_, n) => `feature_${n}`);
  const table = { name: 'features', key: [{ name: 'id', literal: '' }], floats, selfUpdating: [] };
  const values = floats.map(() => ({ told: 0.123457, exact: 0.12345679104328156 }));
  const rows = Array.from({ length: 50 }, () => ({ key: [`_ascii x'${'61'.repeat(keyBytes)}'`], values }));
  const updates = new FloatUpdates(table);
  const statements = (updates.add(rows) + updates.rest()).split('\n');
  const longest = Math.max(...statements.map(({ length }) => length));
  expect(statements.join('').match(/THEN/g)).toHaveLength(50 * columns);
  expect(longest).toBeLessThan(128 * 1024);
});
