import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answering, Receiver } from '../notify/receivers.ts';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, jsonLines, lastOf, type Production } from './production.ts';

const SHOPS = '-- migrate:up\nCREATE TABLE shops (id INT PRIMARY KEY);\n-- migrate:down\nDROP TABLE shops;\n';

describeOnServers('who is told, and the page', (server) => {
  let production: Production;
  let busy: Receiver;
  let team: Receiver;
  beforeAll(async () => {
    production = await createProduction(server(), { migrations: { '1_shops.sql': SHOPS } });
    team = await Receiver.open();
    busy = await Receiver.open(answering(503));
  });
  afterAll(async () => {
    await Promise.all([team?.close(), busy?.close()]);
    production?.remove();
  });

  const told = (receiver: Receiver) => receiver.received.map(({ body }) => body.on);
  const pageOf = (run: string) => join(production.dir, '.gateway-migrate/runs', run, 'report.html');

  test('a deploy tells that it starts and how it ended, and leaves a page for its owner alone', async () => {
    production.configure({ notify: [{ type: 'webhook', url: team.url, project: 'Shops', contact: 'night shift' }] });
    production.rehearses = true;
    const deployed = lastOf(await production.run('deploy', '--yes', '--json'));
    production.rehearses = false;
    expect(deployed).toMatchObject({ exitCode: 0, report: pageOf(String(deployed.run)) });
    expect(told(team)).toEqual(['started', 'succeeded']);
    expect(team.received[1]?.body).toMatchObject({
      run: deployed.run,
      title: expect.stringMatching(/^\[Shops\] COMPLETED: Deployed 1 migration to /),
      facts: expect.arrayContaining([
        ['Applied', '1'],
        ['Contact', 'night shift'],
        ['Report', deployed.report],
      ]),
    });
    const page = readFileSync(String(deployed.report), 'utf8');
    expect(page).toContain('CREATE TABLE shops');
    expect(page).toContain('Preflight');
    expect(page).toContain('table shops added\n<span class="good">  + ');
    expect(statSync(String(deployed.report)).mode & 0o777).toBe(0o600);
  });

  test('no address is in the log, in the folder of the run, or on the screen', async () => {
    const { stdout, stderr } = await production.run('notify', 'test', '--verbose');
    expect(stdout).toMatch(/✔ notify\[0\] webhook +delivered: answered 200/);
    const files = readdirSync(join(production.dir, '.gateway-migrate'), { recursive: true, withFileTypes: true });
    const kept = files
      .filter((file) => file.isFile())
      .map((file) => readFileSync(join(file.parentPath, file.name), 'utf8'));
    expect([stdout, stderr, ...kept].filter((text) => text.includes('secret-part'))).toEqual([]);
  });

  test('a test message that does not arrive is exit 1, and says which', async () => {
    production.configure({ notify: [{ type: 'webhook', url: busy.url }] });
    expect(lastOf(await production.run('notify', 'test', '--json'))).toMatchObject({
      exitCode: 1,
      error: {
        what: '1 of 1 messages did not arrive',
        state: 'production is unchanged by this command',
        next: 'mend what is named above, then: gateway-migrate notify test',
      },
    });
    busy.received.length = 0;
  });

  test('what a busy receiver does not take waits for the next command, under the same id', async () => {
    production.configure({ notify: [{ type: 'webhook', url: busy.url, on: ['rolledBack'] }] });
    const { stdout, code } = await production.run('rollback', '--yes');
    expect(code).toBe(0);
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'webhook (rolledBack): not delivered yet, answered 503; the next command sends it',
    );
    const before = busy.received.length;
    const verified = jsonLines(await production.run('verify', '--json'));
    expect(busy.received.length).toBeGreaterThan(before);
    // It is sent beside the command: nothing waits for it but the end.
    expect(verified.slice(-2)).toMatchObject([
      { type: 'note', text: 'told: webhook (rolledBack): not delivered yet, answered 503; the next command sends it' },
      { type: 'run.finished', exitCode: 0 },
    ]);
    expect(new Set(busy.received.map(({ id }) => id)).size).toBe(1);
  });

  test('a run that was killed has a page too, and who resumes it is told of', async () => {
    production.configure({ notify: [{ type: 'webhook', url: team.url }] });
    production.migration('2_slow.sql', `-- migrate:up\nDO SLEEP(30);\n-- migrate:down\nDO 1;\n`);
    const deploy = production.start(['deploy', '--yes', '--json']);
    await new Promise<void>((begun) => {
      deploy.stdout?.on(
        'data',
        (chunk: Buffer) => chunk.includes('"statement.started"') && chunk.includes('SLEEP') && begun(),
      );
    });
    deploy.kill('SIGKILL');
    await new Promise((ended) => deploy.on('exit', ended));
    const reported = lastOf(await production.run('report', '--json'));
    expect(readFileSync(String(reported.report), 'utf8')).toContain('has not ended');
    await production.query(`KILL QUERY ${await sleeper()}`);
    const ended = lastOf(await production.run('rollback', '--yes', '--json'));
    expect(ended).toMatchObject({ exitCode: 0, report: expect.stringContaining('report.html') });
    expect(told(team).slice(-1)).toEqual(['rolledBack']);
    production.migration('2_slow.sql', undefined);
  });

  async function sleeper(): Promise<number> {
    const [row] = await production.query<{ id: number }>(
      `SELECT id FROM information_schema.processlist WHERE info LIKE '%SLEEP(30)%' AND id <> CONNECTION_ID()`,
    );
    return row?.id ?? 0;
  }

  test('history lists them newest first, and from the database where the folder is another machine’s', async () => {
    await production.run('deploy', '--yes');
    const { stdout } = await production.run('history');
    const [first = '', ...rest] = stdout.trim().split('\n');
    expect(first).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +deploy +ok +[12] applied +\S*@\S+ +\S+report\.html$/);
    expect(rest.length).toBeGreaterThan(2);
    const runs = jsonLines(await production.run('history', '--json')).filter(({ type }) => type === 'history');
    expect(runs.map(({ run }) => run)).toEqual(
      runs
        .map(({ run }) => run)
        .toSorted()
        .reverse(),
    );
    rmSync(join(production.dir, '.gateway-migrate'), { recursive: true });
    const elsewhere = jsonLines(await production.run('history', '--json')).filter(({ type }) => type === 'history');
    expect(elsewhere).toMatchObject([{ run: runs[0]?.run, command: null, result: 'applied' }]);
  });

  test('a report that cannot be made says why', async () => {
    expect(lastOf(await production.run('report', '--json')).error).toEqual({
      what: 'there is no run on this machine yet',
      state: 'production is as it was before',
      next: 'gateway-migrate deploy',
    });
    await production.run('rollback', '--yes');
    await production.run('deploy', '--yes');
    const unknown = lastOf(await production.run('report', 'nobody', '--json'));
    expect(unknown.error).toMatchObject({
      what: 'there is no run nobody on this machine',
      next: 'gateway-migrate history',
    });
    const several = lastOf(await production.run('report', '2', '--json'));
    expect(several.error).toMatchObject({ what: expect.stringMatching(/^\d+ runs begin with 2$/) });
    const empty = join(production.dir, '.gateway-migrate/runs/9-empty');
    mkdirSync(empty);
    expect(lastOf(await production.run('report', '9-empty', '--json')).error).toMatchObject({
      what: `run 9-empty has left no events in ${empty}`,
      next: 'gateway-migrate history',
    });
    rmSync(empty, { recursive: true });
    const many = lastOf(await production.run('report', '--out', '/dev/null/page.html', '--json'));
    expect(many.error).toMatchObject({
      what: expect.stringMatching(/^cannot write \/dev\/null\/page\.html: ENOTDIR/),
      next: 'gateway-migrate report --out FILE',
    });
  });
});
