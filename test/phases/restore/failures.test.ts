import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { manifestPath } from '../../../src/backup/file/manifest.ts';
import { loadInParallel } from '../../../src/backup/load/load-parallel.ts';
import { dropBeside, makeBeside } from '../../../src/exchange/side-database.ts';
import { connect } from '../../../src/mysql/connect.ts';
import { discardPhase } from '../../../src/phases/restore/discard.ts';
import { loadPhase } from '../../../src/phases/restore/load-in-place.ts';
import { loadBesidePhase } from '../../../src/phases/restore/load-side-database.ts';
import { swapPhase } from '../../../src/phases/restore/swap.ts';
import { checkBeside } from '../../../src/preflight/beside.ts';
import { createToolTables } from '../../../src/statements/journal.ts';
import { Secret } from '../../../src/system/secret.ts';
import { clientsOf, contextFor, failureOf, runScript, takeBackup, temporaryFolder } from '../../backup/support.ts';
import { describeOnServers } from '../../support/servers.ts';

const TABLES = 'CREATE TABLE a (id INT PRIMARY KEY); INSERT INTO a VALUES (1); CREATE VIEW v AS SELECT id FROM a;';

describeOnServers('a restore that fails', (server) => {
  async function scene() {
    const database = await server().createDatabase('failing');
    const session = await (await connect(server().target(database))).open();
    await createToolTables(session);
    await session.close();
    await runScript(server(), database, TABLES);
    const migrations = { lockWaitSeconds: 5, lockRetries: 0 } as Parameters<
      typeof loadPhase
    >[0]['config']['migrations'];
    const parts = { run: 'r', config: { stateDir: temporaryFolder(), migrations }, env: { PATH: server().binDir } };
    const names = { from: `${database}_restore_1`, aside: `${database}_before_1` };
    return { database, ...names, parts, ...(await takeBackup(server(), server().target(database))) };
  }

  it('in place, while it makes room: says where every table is', async () => {
    const { database, aside, file, parts, context } = await scene();
    await server().sql(`CREATE DATABASE ${aside}; CREATE TABLE ${aside}.a (id INT)`);
    const folder = join(parts.config.stateDir, 'runs/r');
    const failure = await failureOf(loadPhase(parts).run({ file, aside }, context));
    expect({ ...failure, message: failure.message }).toMatchObject({
      message: `making room in ${database} failed: the note of what production was is gone from ${folder}`,
      exitCode: 3,
      production: 'changed',
      state: `every table is whole, in ${database} or in ${aside}; views, triggers, routines and events are in ${folder}/before.sql`,
      next: 'gateway-migrate resume',
    });
  });

  it('in place, while it loads: says that the database is incomplete, and where the rest is', async () => {
    const { database, aside, file, parts } = await scene();
    await server().sql(
      `CREATE USER partial@localhost IDENTIFIED BY 'x'; GRANT ALL ON *.* TO partial@localhost;
       REVOKE INSERT ON *.* FROM partial@localhost;
       GRANT INSERT ON \`${aside}\`.* TO partial@localhost`,
    );
    const target = { ...server().target(database), user: 'partial', password: new Secret('x') };
    const failure = await failureOf(loadPhase(parts).run({ file, aside }, await contextFor(target)));
    const cause = failure.message.slice(failure.message.indexOf(' failed: ') + ' failed: '.length);
    expect(cause).toMatch(/INSERT command denied to user 'partial'@'localhost' for table .*a/i);
    expect({ ...failure, message: failure.message }).toMatchObject({
      message: `the restore of ${database} from ${file} failed: ${cause}`,
      exitCode: 3,
      production: 'changed',
      state: `${database} is incomplete; all that it held before is whole in ${aside}`,
      next: 'gateway-migrate resume',
    });
  });

  it('in place, without the right to keep what was there', async () => {
    const { database, aside, file, parts } = await scene();
    await server().sql(`CREATE USER own@localhost IDENTIFIED BY 'x'; GRANT ALL ON \`${database}\`.* TO own@localhost`);
    const target = { ...server().target(database), user: 'own', password: new Secret('x') };
    const failure = await failureOf(loadPhase(parts).run({ file, aside }, await contextFor(target)));
    const cause = `Access denied for user 'own'@'localhost' to database '${aside}'`;
    expect(failure.message).toBe(
      `the database ${aside}, which is to keep what is there now, cannot be created: ${cause}`,
    );
    expect({ code: failure.exitCode, production: failure.production }).toEqual({ code: 2, production: 'unchanged' });
  });

  it('at the swap: names what is not as the backup knows it', async () => {
    const { from, aside, file, manifest, parts, context } = await scene();
    await loadBesidePhase(parts).run({ file, database: from }, context);
    const objects = { ...manifest.objects, procedure: ['p'] };
    writeFileSync(manifestPath(file), JSON.stringify({ ...manifest, objects }));
    await expect(swapPhase(parts).run({ from, aside, file }, context)).rejects.toThrow(
      /^after the swap procedure p is missing$/,
    );
  });

  it('leaves alone what an earlier restore of the same second has kept', async () => {
    const { database, from, file, parts, context } = await scene();
    const session = await context.server.open();
    await makeBeside(session, { name: from, role: 'before', ofDatabase: database, run: 'earlier' });
    await session.close();
    const failure = await failureOf(loadBesidePhase(parts).run({ file, database: from }, context));
    expect({ message: failure.message, next: failure.next }).toEqual({
      message: `loading ${basename(file)} beside production failed: ${from} holds what run earlier has kept: it is left alone`,
      next: 'mend the cause, then: gateway-migrate restore',
    });
  });

  it('leaves a database alone that it did not make', async () => {
    const name = await server().createDatabase('of_others');
    await server().sql('CREATE TABLE a (id INT)', name);
    const session = await (await connect(server().target(name))).open();
    await expect(dropBeside(session, name)).rejects.toThrow(
      `the database ${name} was not made by this tool: it is left alone`,
    );
    await session.close();
  });

  it('has nothing to drop beside where the account may make nothing there', async () => {
    const { database, from } = await scene();
    await server().sql(
      `CREATE USER confined@localhost; GRANT ALL ON \`${database.replaceAll('_', '\\_')}\`.* TO confined@localhost`,
    );
    const context = await contextFor({ ...server().target(database), user: 'confined' });
    expect(await discardPhase().run({ ofRun: 'r', database: from }, context)).toBe(`${from} is gone`);
  });

  it('names the table that cannot be read from the file', async () => {
    const { database, file, manifest, context } = await scene();
    truncateSync(file, (manifest.tables[0]?.range.offset ?? 0) + 20);
    const place = { target: server().target(database), clients: await clientsOf(server()) };
    await expect(loadInParallel({ file, manifest }, place, context)).rejects.toThrow(
      `table a cannot be read from ${file}: ${file} could not be read to its end: unexpected end of file`,
    );
    expect(readFileSync(file).length).toBeGreaterThan(20);
  });

  it('is warned of before it begins when there is no room beside production', async () => {
    const { manifest, context } = await scene();
    const [, room] = await checkBeside(context.server, { ...manifest, rawBytes: 1e18 });
    expect(room).toMatchObject({
      ok: false,
      level: 'warning',
      name: 'room beside production',
      detail: expect.stringMatching(/^\d+ MB free in .*, 1000000000000 MB needed$/),
      remedy:
        'gateway-migrate backup prune drops what earlier restores kept; --in-place too keeps what is there, and needs as much',
    });
  });
});
