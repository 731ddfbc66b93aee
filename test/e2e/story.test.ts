import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../src/mysql/connect.ts';
import { EXPECTED_TABLES } from '../migrations/gateway-tables.ts';
import { readTableFacts } from '../migrations/table-facts.ts';
import { describeOnServers } from '../support/servers.ts';
import { watchArguments } from './arguments.ts';
import { createProduction, filesBelow, jsonLines, lastOf, PASSWORD, type Production } from './production.ts';

const SIX = [
  '2025_10_01_060100',
  '2025_10_01_060201',
  '2025_10_01_060203',
  '2025_10_01_060304',
  '2025_10_01_060305',
  '2025_10_01_060400',
];
const NEW_TABLES = Object.keys(EXPECTED_TABLES);
const RUN_ID = /^\d{8}T\d{9}Z-[0-9a-f]{4}$/;

describeOnServers(
  'the whole story',
  (server) => {
    describe.each(['tcp', 'socket'] as const)('over %s', (reachedBy) => {
      let production: Production;
      let before: string[];
      beforeAll(async () => {
        production = await createProduction(server(), {
          migrations: 'six',
          reachedBy,
          database: `askproai-${reachedBy}_db`,
        });
        production.configure({
          verify: {
            requireTables: ['companies', 'customers', 'appointments', 'branches', 'services', 'staff'],
            tenant: { table: 'companies', column: 'company_id' },
            references: [{ from: 'appointments.staff_id', to: 'staff.id' }],
            plans: ["SELECT * FROM callback_requests WHERE company_id = 1 AND status = 'pending'"],
          },
        });
        await production.sql(
          `INSERT INTO companies (id, name) VALUES (1, 'Acme'), (2, 'Ümläut & Söhne');
         CREATE DEFINER = \`app user\`@localhost VIEW active_companies AS SELECT id, name FROM companies WHERE is_active = 1;
         CREATE DEFINER = \`app user\`@localhost TRIGGER companies_name BEFORE INSERT ON companies FOR EACH ROW SET NEW.name = TRIM(NEW.name)`,
        );
        before = await production.objects();
      });
      afterAll(() => production?.remove());

      test('deploy applies the six, with a backup, and no secret comes out anywhere', async () => {
        const seen = watchArguments();
        const finished = await production.run('deploy', '--yes', '--json');
        const argumentLists = seen.stop();
        expect([finished.code, finished.stderr]).toEqual([0, expect.stringContaining('Deployed 6 migrations')]);
        const events = jsonLines(finished);
        expect(events[0]?.type).toBe('run.started');
        expect(new Set(events.map((event) => event.run)).size).toBe(1);
        expect(events[0]?.run).toMatch(RUN_ID);
        for (const { at } of events) expect(at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$/);
        const { at: _at, run, ms: _ms, backup, ...last } = lastOf(finished);
        expect(last).toEqual({
          type: 'run.finished',
          command: 'deploy',
          result: 'ok',
          exitCode: 0,
          production: 'changed',
          applied: SIX,
          reverted: [],
          pending: [],
          report: join(production.dir, '.gateway-migrate/runs', run, 'report.html'),
        });
        expect(events.filter((event) => event.type === 'statement.finished')).toHaveLength(6);
        expect(events.filter((event) => event.type.startsWith('step.')).map(({ type, id }) => `${type} ${id}`)).toEqual(
          [
            'step.started preflight',
            'step.finished preflight',
            'step.started backup',
            'step.finished backup',
            'step.started migrate',
            'step.finished migrate',
            'step.started verify',
            'step.finished verify',
          ],
        );
        expectFiles(production, run, String(backup));
        expectNoSecret(production, [finished.stdout, finished.stderr, ...argumentLists]);
        expect(argumentLists.some((list) => /(mysqldump|mariadb-dump)/.test(list))).toBe(true);
      });

      test('the six tables are those described, column for column', async () => {
        const session = await (await connect(server().target(production.database))).open();
        try {
          for (const [table, expected] of Object.entries(EXPECTED_TABLES)) {
            expect(await readTableFacts(session, table), table).toEqual(expected);
          }
        } finally {
          await session.close();
        }
        expect(await production.objects()).toEqual(
          [
            ...before,
            ...NEW_TABLES.map((name) => `base table ${name}`),
            'base table gateway_migrate_history',
            'base table gateway_migrate_journal',
          ].sort(),
        );
      });

      test('deploy again has nothing to do', async () => {
        const finished = await production.run('deploy', '--yes');
        expect([finished.code, finished.stdout]).toEqual([
          0,
          expect.stringContaining('nothing to do: all 6 migrations are applied'),
        ]);
        expect(readdirSync(production.backups)).toHaveLength(2);
      });

      test('status is one object that says so, and --check agrees', async () => {
        const finished = await production.run('status', '--check', '--json');
        expect(finished.code).toBe(0);
        const objects = jsonLines(finished);
        expect(objects).toHaveLength(1);
        expect(objects[0]).toMatchObject({
          type: 'run.finished',
          command: 'status',
          result: 'ok',
          exitCode: 0,
          production: 'unchanged',
          applied: SIX,
          pending: [],
          changed: [],
          missing: [],
          unfinished: null,
        });
      });

      test('verify holds', async () => {
        const finished = await production.run('verify', '--json');
        const checks = jsonLines(finished).filter((event) => event.type === 'check');
        const told = checks
          .filter((check) => !check.ok && check.level !== 'hint')
          .map(({ name, level }) => [name, level]);
        // The flaw that the schema keeps, because the application depends on it.
        expect([finished.code, told]).toEqual([
          0,
          [['unique-with-null policy_configurations.unique_policy_per_entity', 'advice']],
        ]);
        expect(checks.length).toBeGreaterThan(40);
      });

      test('rollback keeps the rows that it drops, and nothing else is different', async () => {
        await production.sql(
          "INSERT INTO notification_configurations (company_id, configurable_type, configurable_id, event_type, channel) VALUES (1, 'Company', 1, 'booked', 'sms')",
        );
        const finished = await production.run('rollback', '--yes', '--json');
        expect([finished.code, finished.stderr]).toEqual([0, expect.stringContaining('Rolled back 6 migrations')]);
        const last = lastOf(finished);
        expect(last).toMatchObject({ production: 'changed', applied: [], reverted: SIX.toReversed() });
        expect(await production.objects()).toEqual(
          [...before, 'base table gateway_migrate_history', 'base table gateway_migrate_journal'].sort(),
        );
        expect(gunzipSync(readFileSync(String(last.saved))).toString()).toContain("'booked','sms'");
        const status = await production.run('status', '--check', '--json');
        expect([status.code, lastOf(status)]).toEqual([1, expect.objectContaining({ applied: [], pending: SIX })]);
      });

      test('deploy once more, then restore: only what the backup knew is there, and status is right', async () => {
        expect((await production.run('deploy', '--yes', '--quiet')).code).toBe(0);
        await production.sql('DELETE FROM companies; CREATE TABLE made_by_mistake (id INT PRIMARY KEY)');
        const finished = await production.run('restore', '--yes', '--json');
        expect([finished.code, finished.stderr]).toEqual([0, expect.stringContaining('restore finished')]);
        expect(lastOf(finished)).toMatchObject({ command: 'restore', result: 'ok', production: 'restored' });
        expect(await production.objects()).toEqual(
          [...before, 'base table gateway_migrate_history', 'base table gateway_migrate_journal'].sort(),
        );
        expect(await production.query('SELECT id, name FROM active_companies ORDER BY id')).toEqual([
          { id: 1, name: 'Acme' },
          { id: 2, name: 'Ümläut & Söhne' },
        ]);
        const status = await production.run('status', '--json');
        expect(lastOf(status)).toMatchObject({ applied: [], pending: SIX, unfinished: null });
        const [aside] = await production.query<{ name: string }>(
          `SELECT table_schema AS name FROM information_schema.tables WHERE table_name = 'made_by_mistake'`,
        );
        expect(aside?.name).toMatch(new RegExp(`^${production.database}_before_\\d{8}_\\d{6}$`));
      });

      test('no secret is in any file that is left, and no file of credentials', () => {
        expectNoSecret(production, []);
        expect(filesBelow(production.dir).filter((path) => /\.cnf$|\.partial$/.test(path))).toEqual([]);
      });
    });
  },
  { args: ['--log-bin-trust-function-creators=1'] },
);

function expectFiles(production: Production, run: string, backup: string): void {
  const { dir, backups, logs, database } = production;
  const names = readdirSync(backups).sort();
  expect(names).toEqual([
    expect.stringMatching(new RegExp(`^${database}_pre_migration_\\d{8}_\\d{6}\\.sql\\.gz$`)),
    expect.stringMatching(new RegExp(`^${database}_pre_migration_\\d{8}_\\d{6}\\.sql\\.gz\\.manifest\\.json$`)),
  ]);
  expect(backup).toBe(join(backups, names[0] ?? ''));
  expect(spawnSync('gunzip', ['--test', backup]).status).toBe(0);
  expect(readdirSync(logs)).toEqual([expect.stringMatching(/^migration_production_\d{8}_\d{6}\.log$/)]);
  const runFolder = join(dir, '.gateway-migrate', 'runs', run);
  expect(readdirSync(runFolder).sort()).toEqual([
    'baseline.json',
    'events.ndjson',
    'journal.ndjson',
    'plan.json',
    'report.html',
  ]);
  for (const path of [backup, ...filesBelow(logs), ...filesBelow(runFolder)]) {
    expect([path, (statSync(path).mode & 0o777).toString(8)]).toEqual([path, '600']);
  }
}

/** The password is looked for as it is, and as JSON, option files and URLs write it; so is its longest plain part. */
function expectNoSecret({ dir, backups }: Production, texts: readonly string[]): void {
  const forms = [PASSWORD, JSON.stringify(PASSWORD).slice(1, -1), encodeURIComponent(PASSWORD), '" of $HOME'];
  const files = filesBelow(dir).filter((path) => path !== join(dir, 'password') && !path.startsWith(backups));
  const found = [
    ...files.map((path) => [path, readFileSync(path, 'utf8')] as const),
    ...texts.map((text) => ['', text] as const),
  ]
    .filter(([, text]) => forms.some((form) => text.includes(form)))
    .map(([path, text]) => path || text.slice(0, 200));
  expect(found).toEqual([]);
}
