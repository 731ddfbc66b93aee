import { exec } from 'node:child_process';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { filesOf, LEFT, PRODUCTION } from '../preflight/foreign/histories.ts';
import { temporaryFolder } from '../support/folder.ts';
import { describeOnServers } from '../support/servers.ts';
import { documentedCommands, exampleIn, flagsOf, lineIn, spansOfCommands } from './documented.ts';
import { createProduction, finish, type Production } from './production.ts';

/** They set up servers of their own: `test/demo` runs them. */
const SHOWN_ELSEWHERE = ['gateway-migrate demo', 'gateway-migrate demo --keep'];

const LIMIT_MS = 600_000;

/** A command as it is shown, what the story makes of it says, and with which exit code it ends: 0 if none is given. */
type Line = readonly [shown: string, says: RegExp, code?: number];

/** In folders of their own, without a configuration. */
const ALONE: readonly Line[] = [
  ['gateway-migrate init', /^Written: .*gateway-migrate\.config\.yaml$/m],
  ['gateway-migrate init --app /var/www/shop', /^Written: .*gateway-migrate\.config\.yaml$/m],
  ['gateway-migrate new add_orders', /^Written: .*_add_orders\.sql$/m],
  ['gateway-migrate new create_invoices_table', /^Written: .*_create_invoices_table\.sql$/m],
  ['gateway-migrate new "add index to calls"', /^Written: .*_add_index_to_calls\.sql$/m],
  ['gateway-migrate completion bash', /^complete -F/m],
  ['gateway-migrate completion zsh', /^#compdef gateway-migrate$/m],
];

/** It hangs on the newest migration's table: a rollback saves it. */
const ROW_OF_THE_SITE = `INSERT INTO companies (id, name) VALUES (77, 'Praxis');
  INSERT INTO customers (id, company_id) VALUES (77, 77);
  INSERT INTO appointment_modification_stats (company_id, customer_id, stat_type, period_start, period_end, calculated_at)
    VALUES (77, 77, 'cancellation_count', '2025-10-01', '2025-10-31', '2025-10-31')`;

/** In an order in which each has something to do; a function is what happens to production between two commands. */
const STORY: readonly (Line | ((teller: Teller) => Promise<void>))[] = [
  ['gateway-migrate status', /Pending: 6/],
  ['gateway-migrate status --check', /Pending: 6/, 1],
  ['gateway-migrate doctor', /doctor finished/],
  ['gateway-migrate --json doctor', /"type":"check"/],
  ['gateway-migrate deploy --dry-run', /CREATE TABLE callback_requests/i],
  ['gateway-migrate test', /ready/],
  ['gateway-migrate deploy --to 20251001060203', /Deployed 3 migrations/],
  ['gateway-migrate deploy', /Deployed 3 migrations/],
  ['gateway-migrate verify', /verify finished/],
  ['gateway-migrate verify --only orphans', /✔ orphans/],
  ['gateway-migrate verify --only tenant orphans', /✔ orphans/],
  ['gateway-migrate verify --junit verify.xml', /verify finished/],
  ['gateway-migrate monitor', /inconclusive/, 130],
  ['gateway-migrate monitor --for 10m --on-major report', /inconclusive/, 130],
  ['gateway-migrate monitor --for 2h --every 10s --on-major report', /inconclusive/, 130],
  ['gateway-migrate monitor --run ID', /inconclusive/, 130],
  ['gateway-migrate history', /deploy/],
  ['gateway-migrate --json history', /"command":"deploy"/],
  ['gateway-migrate report', /report\.html/],
  ['gateway-migrate report --out deploy.html', /deploy\.html/],
  ['gateway-migrate notify test', /delivered/],
  ['gateway-migrate --json notify test', /delivered/],
  ['gateway-migrate backup create', /\.sql\.gz/],
  ['gateway-migrate --json backup create', /"type":"run.finished"/],
  ['gateway-migrate backup list', /\.sql\.gz/],
  ['gateway-migrate --json backup list', /"type":"backups"/],
  ['gateway-migrate backup verify FILE', /\.sql\.gz/],
  ['gateway-migrate --json backup verify FILE', /"type":"run.finished"/],
  ['gateway-migrate test --from-backup latest', /nothing/],
  ['gateway-migrate backup prune', /nothing to remove/],
  ['gateway-migrate --yes backup prune', /nothing to remove/],
  ({ production }) => production.sql('DELETE FROM visits WHERE id = 1'),
  ['gateway-migrate restore --table visits shops', /visits_restored_/],
  ['gateway-migrate restore --table visits --backup FILE', /visits_restored_/],
  ['gateway-migrate restore --table visits --in-place', /before_/],
  ['gateway-migrate restore', /before_/],
  ['gateway-migrate rollback', /before/],
  ({ production }) => production.sql(ROW_OF_THE_SITE),
  ['gateway-migrate rollback --steps 1', /Rolled back/],
  ['gateway-migrate deploy --with-saved-rows', /Deployed 1 migration/],
  ['gateway-migrate rollback --run ID', /Rolled back/],
  ['gateway-migrate deploy --monitor 10m', /inconclusive/, 130],
  ['gateway-migrate resume', /nothing to finish/],
  ['gateway-migrate --verbose resume', /nothing to finish/],
  ['gateway-migrate rollback --steps 1', /Rolled back/],
  ['gateway-migrate backup create', /\.sql\.gz/],
  (teller) => teller.note(),
  ['gateway-migrate deploy', /Deployed 1 migration/],
  ['gateway-migrate restore --until binlog.000412:1078040', /Until/],
  ['gateway-migrate rollback', /before/],
  ['gateway-migrate restore --until "2026-11-23 14:30:00"', /Until/],
  ['gateway-migrate rollback', /before/],
  ["gateway-migrate restore --until '2025-10-04 06:28:24'", /Until/],
  ['gateway-migrate rollback', /before/],
  ['gateway-migrate restore --until 2025-10-04T06:28:24+02:00', /Until/],
  ['gateway-migrate rollback', /before/],
  ['gateway-migrate restore --until 20251004T042511123Z-3f9a', /Until/],
  ['gateway-migrate rollback', /before/],
  ['gateway-migrate restore --until ID', /Until/],
  (teller) => teller.lose(),
  ['gateway-migrate restore --flashback binlog.000002:1234 --dry-run', /visits: 1 back/],
  ['gateway-migrate restore --flashback binlog.000002:1234', /visits: 1 back/],
];

/** Production as golang-migrate left it. */
const TAKEN_OVER: readonly Line[] = [
  ['gateway-migrate baseline --from golang-migrate', /noted as applied/],
  ['gateway-migrate baseline --from TOOL', /noted as applied/],
];

/** Three of the six are there, and no history says so. */
const MADE_BY_HAND: readonly Line[] = [['gateway-migrate baseline --to 20251001060203', /noted as applied/]];

test('every flag that stands behind a command in the pages is one of it', () => {
  const spans = spansOfCommands();
  expect(spans.length).toBeGreaterThan(15);
  const wrong = spans.flatMap(({ page, span, command, flags }) =>
    flags.filter((flag) => !flagsOf(command).includes(flag)).map((flag) => `${page}: ${flag} in ${span}`),
  );
  expect(wrong).toEqual([]);
});

test('every command of the pages and of --help is in a story', () => {
  const told = [...ALONE, ...STORY, ...TAKEN_OVER, ...MADE_BY_HAND].flatMap((line) =>
    typeof line === 'function' ? [] : [line[0]],
  );
  expect([...new Set([...told, ...SHOWN_ELSEWHERE])].sort()).toEqual(documentedCommands());
});

/** Types the commands in a production of its own, with what the examples stand for in it. */
class Teller {
  readonly production: Production;
  #moment = new Date();
  #place = '';

  constructor(production: Production) {
    this.production = production;
  }

  /** This moment, and this place of the log, are what later examples name. */
  async note(): Promise<void> {
    await this.production.sql('INSERT INTO visits VALUES (9, 1)');
    await this.#notePlace();
    this.#moment = new Date();
  }

  /** The place is that of a row that goes. */
  async lose(): Promise<void> {
    await this.production.sql('INSERT INTO visits VALUES (10, 1)');
    await this.#notePlace();
    await this.production.sql('DELETE FROM visits WHERE id = 10');
  }

  async #notePlace(): Promise<void> {
    const status = this.production.server.kind === 'mysql' ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS';
    const [row] = await this.production.query<{ File: string; Position: number }>(status);
    this.#place = `${row?.File}:${row?.Position}`;
  }

  async tell([shown, says, code = 0]: Line, cwd = this.production.dir): Promise<void> {
    const words = [...shown.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? '');
    const asks = /\b(?:init|baseline|deploy|rollback|resume|restore|prune)\b/.test(shown) && !shown.includes('--yes');
    const args = await Promise.all(words.slice(1).map((word) => this.#own(word)));
    const isWatch = shown.includes('monitor');
    if (isWatch) args.push('--json');
    const child = this.production.start([...args, ...(asks ? ['--yes'] : [])], {}, process.execPath, cwd);
    if (isWatch) child.stdout?.on('data', (chunk: Buffer) => void (chunk.includes('"sample"') && child.kill('SIGINT')));
    const { code: ended, stdout, stderr } = await finish(child);
    expect([ended, stdout], `${shown} (${args.join(' ')})\n${stdout}\n${stderr}`).toEqual([
      code,
      expect.stringMatching(says),
    ]);
  }

  async #own(word: string): Promise<string> {
    if (word === 'FILE') return this.#newest(this.production.backups, '.sql.gz');
    if (word === 'ID' || /^\d{8}T\d{9}Z-[0-9a-f]{4}$/.test(word)) return this.#lastDeploy();
    if (word === 'TOOL') return 'golang-migrate';
    if (/^binlog\.\d+:\d+$/.test(word)) return this.#place;
    if (word === '/var/www/shop') return '.';
    if (/^\d{4}-\d\d-\d\d[ T]/.test(word)) return this.#inTheFormOf(word);
    return word;
  }
  #newest(folder: string, ending: string): string {
    const files = readdirSync(folder).filter((name) => name.endsWith(ending));
    const age = (name: string) => statSync(join(folder, name)).mtimeMs;
    return join(folder, files.toSorted((a, b) => age(b) - age(a))[0] ?? 'none');
  }

  /** The run that applied the newest migration. */
  async #lastDeploy(): Promise<string> {
    const [row] = await this.production.query<{ run: string }>(
      'SELECT run FROM gateway_migrate_history ORDER BY version DESC LIMIT 1',
    );
    return row?.run ?? 'none';
  }

  #inTheFormOf(example: string): string {
    const utc = this.#moment.toISOString().slice(0, 19);
    if (example.includes('T')) return `${utc}+00:00`;
    const { TZ } = process.env;
    return new Intl.DateTimeFormat('sv-SE', {
      dateStyle: 'short',
      timeStyle: 'medium',
      ...(TZ ? { timeZone: TZ } : {}),
    }).format(this.#moment);
  }
}

describeOnServers(
  'the commands of the pages and of --help do what they are shown for',
  (server) => {
    async function begin(migrations: Parameters<typeof createProduction>[1]): Promise<Teller> {
      const production = await createProduction(server(), { rehearses: true, ...migrations });
      onTestFinished(() => production.remove());
      return new Teller(production);
    }

    test('in a new folder', { timeout: LIMIT_MS }, async () => {
      const teller = await begin({});
      for (const line of ALONE) {
        const folder = temporaryFolder();
        writeFileSync(join(folder, 'artisan'), '');
        writeFileSync(join(folder, '.env'), 'DB_DATABASE=shop\nDB_USERNAME=deploy\nDB_PASSWORD=x\n');
        await teller.tell(line, folder);
      }
    });

    test('from the first deploy to the last restore', { timeout: LIMIT_MS }, async (context) => {
      context.skip(server().kind === 'mysql', 'the pages are about neither server: one is enough');
      const teller = await begin({ migrations: 'six' });
      await teller.production.grantLog();
      teller.production.configure({ notify: [{ type: 'command', run: ['true'] }] });
      await teller.production.sql(`CREATE TABLE shops (id INT PRIMARY KEY);
        CREATE TABLE visits (id INT PRIMARY KEY, shop_id INT NOT NULL);
        INSERT INTO shops VALUES (1); INSERT INTO visits VALUES (1, 1), (2, 1)`);
      for (const line of STORY) await (typeof line === 'function' ? line(teller) : teller.tell(line));
    });

    test('a migration as the README shows it, and a backup read without the tool as the runbook shows it', {
      timeout: LIMIT_MS,
    }, async () => {
      const { production } = await begin({ migrations: { '1_emails.sql': exampleIn('README.md', 'sql') } });
      const isNullable = async () => {
        const [column] = await production.query<{ Null: string }>("SHOW COLUMNS FROM customers LIKE 'email'");
        return column?.Null;
      };
      await production.sql(
        'CREATE TABLE customers (id INT PRIMARY KEY, email VARCHAR(255)); INSERT INTO customers VALUES (1, NULL)',
      );
      expect((await production.run('deploy', '--yes')).code).toBe(2);
      await production.sql("UPDATE customers SET email = 'a@example.org'");
      expect([(await production.run('deploy', '--yes')).code, await isNullable()]).toEqual([0, 'NO']);

      const shown = lineIn('docs/runbook.md', /^ {4}(gunzip < .*)$/m);
      const backup = readdirSync(production.backups).find((name) => name.endsWith('.sql.gz')) ?? '';
      const { socket, binDir, kind } = server();
      await production.sql('DROP TABLE customers');
      const typed = shown
        .replace(/\S+\.sql\.gz/, join(production.backups, backup))
        .replace(
          /\| mysql (.*) askproai_db$/,
          `| ${join(binDir, kind === 'mysql' ? 'mysql' : 'mariadb')} --no-defaults -uroot -S ${socket} $1 '${production.database}'`,
        );
      await promisify(exec)(typed);
      expect(await production.query('SELECT * FROM customers')).toEqual([{ id: 1, email: 'a@example.org' }]);
    });

    test('on what another tool has made', { timeout: LIMIT_MS }, async () => {
      for (const line of TAKEN_OVER) {
        const teller = await begin({ migrations: filesOf('golang-migrate') });
        await teller.production.sql(`${PRODUCTION}; ${LEFT['golang-migrate']?.sql}`);
        await teller.tell(line);
      }
      const teller = await begin({ migrations: 'six' });
      await teller.tell(['gateway-migrate deploy --to 20251001060203', /Deployed 3 migrations/]);
      await teller.production.sql('DROP TABLE gateway_migrate_history, gateway_migrate_journal');
      for (const line of MADE_BY_HAND) await teller.tell(line);
    });
  },
  { binlog: true },
);
