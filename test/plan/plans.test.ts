import { expect, test } from 'vitest';
import { type DeployFacts, planDeploy } from '../../src/plan/deploy.ts';
import { planRestore, planRestoreBack, planTableExchange, type RestoreFacts } from '../../src/plan/restore.ts';
import { planRollback, type RollbackFacts } from '../../src/plan/rollback.ts';
import type { Plan, SavedRows, Step } from '../../src/plan/step.ts';

const WHOLE: DeployFacts = {
  run: 'run-1',
  target: 'shop on 127.0.0.1:3306 as app',
  versions: ['1', '2'],
  adopt: ['3'],
  backupFile: '/backups/shop.sql.gz',
  provesBackup: true,
  savedRows: [],
  isSiteDown: false,
  withMaintenance: true,
  withCaches: true,
  healthyStatus: 200,
};
const BARE = { withMaintenance: false, withCaches: false, healthyStatus: undefined } as const;
const UNDO: RollbackFacts = {
  ...WHOLE,
  ofRun: 'run-1',
  versions: 'all',
  savedFile: '/saved.sql.gz',
  tablesToSave: ['items'],
  versionsToSave: ['1', '2'],
  begunRows: [],
  wasDown: false,
};

const RESTORE: RestoreFacts = {
  ...WHOLE,
  file: '/backups/shop.sql.gz',
  side: 'shop_restore_1',
  aside: 'shop_before_1',
  isInPlace: false,
  services: ['php', 'nginx'],
};

const LOCKS = [{ table: 'items', against: 'everybody' }] as const;

test('old transactions are waited for while the site is up, and asked for once more when it is down', () => {
  const withLocks = (changes: Partial<DeployFacts>) => planDeploy({ ...WHOLE, locks: LOCKS, ...changes });
  const seen = (plan: Plan) => plan.steps.filter(({ phase }) => phase === 'locks' || phase === 'migrate');
  expect(seen(withLocks({}))).toEqual([
    { id: 'locks', phase: 'locks', title: 'Wait for old transactions', input: { tables: LOCKS, again: 'deploy' } },
    expect.objectContaining({ id: 'migrate', input: { versions: ['1', '2'], adopt: ['3'], free: LOCKS } }),
  ]);
  const ids = withLocks({}).steps.map(({ id }) => id);
  expect(ids.indexOf('locks')).toBe(ids.indexOf('maintenance-on') - 1);
  expect(seen(withLocks({ withMaintenance: false })).map(({ input }) => input)).toEqual([
    { versions: ['1', '2'], adopt: ['3'] },
  ]);
  const first = (facts: Partial<RollbackFacts>) =>
    planRollback({ ...UNDO, locks: LOCKS, withCaches: false, ...facts }).steps[0];
  expect(first({})).toMatchObject({ id: 'locks', input: { tables: LOCKS, again: 'rollback' } });
  expect(first({ wasDown: true })).toMatchObject({ id: 'maintenance-on' });
});

/** The steps and the way back, a line each. */
function outline({ steps, onFailure, wayBackUntil }: Plan): string {
  const line = ({ id, title, input, onlyAfter }: Step) =>
    `${id}: ${title} ${JSON.stringify(input)}${onlyAfter ? ` (only after ${onlyAfter})` : ''}`;
  return [...steps.map(line), `way back until ${wayBackUntil}`, ...onFailure.map(line)].join('\n');
}

test('a deploy, with everything and with nothing but the migrations', () => {
  expect(outline(planDeploy(WHOLE))).toMatchInlineSnapshot(`
    "backup: Back up the database {"purpose":"deploy","file":"/backups/shop.sql.gz"}
    prove: Prove the backup by loading it {"file":"/backups/shop.sql.gz"}
    maintenance-on: Maintenance on {"to":"on"}
    caches-before: Clear caches {"when":"before"}
    migrate: Apply 3 migrations {"versions":["1","2"],"adopt":["3"]}
    verify: Verify {}
    caches-after: Clear caches again {"when":"after"}
    maintenance-off: Maintenance off {"to":"off"}
    health: Ask the site {"expect":200}
    way back until caches-after
    undo: Undo what this run applied {"ofRun":"run-1","versions":"all","backup":"/backups/shop.sql.gz"} (only after migrate)
    maintenance-off-back: Maintenance off {"to":"off","isRescue":true} (only after maintenance-on)
    health-back: Ask the site {"expect":200} (only after maintenance-on)
    caches-back: Clear caches again {"when":"after","isRescue":true} (only after maintenance-on)"
  `);
  expect(outline(planDeploy({ ...WHOLE, savedFile: '/saved.sql.gz' }))).toContain(
    'save-undone: Save the rows that the way back drops {"file":"/saved.sql.gz","tables":[],"versions":[],"ofRun":"run-1"} (only after migrate)\nundo: ',
  );
  const bare = planDeploy({ ...WHOLE, ...BARE, versions: ['1'], adopt: [], backupFile: undefined });
  expect(outline(bare)).toMatchInlineSnapshot(`
    "migrate: Apply 1 migration {"versions":["1"],"adopt":[]}
    verify: Verify {}
    way back until verify
    undo: Undo what this run applied {"ofRun":"run-1","versions":"all"} (only after migrate)"
  `);
});

const SAVED: SavedRows = {
  file: '/saved.sql.gz',
  database: 'shop_restore_1',
  tables: [
    { table: 'items', columns: 'all' },
    { table: 'shops', columns: ['note'] },
  ],
};
const LATER = { ...SAVED, file: '/saved-2.sql.gz', database: 'shop_restore_2' };

test('a deploy that brings back what rollbacks saved, file after file', () => {
  const plan = planDeploy({ ...WHOLE, backupFile: undefined, withCaches: false, savedRows: [SAVED, LATER] });
  const ids = plan.steps.map(({ id }) => id).join(' ');
  expect(ids).toBe(
    'saved-beside saved-beside-2 maintenance-on migrate saved-rows saved-rows-2 verify maintenance-off health',
  );
  const tables = '[{"table":"items","columns":"all"},{"table":"shops","columns":["note"]}]';
  const first = `{"file":"/saved.sql.gz","database":"shop_restore_1","tables":${tables}`;
  const lines = outline(plan).split('\n');
  expect(lines).toContain(`saved-beside: Load the saved rows beside production ${first}}`);
  expect(lines).toContain(`saved-rows: Put the saved rows back ${first},"isSiteDown":true}`);
  const tidy = 'Tidy up after the saved rows {"ofRun":"run-1","databases":["shop_restore_1","shop_restore_2"]}';
  expect(lines).toContain(`saved-tidy: ${tidy} (only after saved-beside)`);
  expect(plan.onFailure.map(({ id }) => id).slice(0, 2)).toEqual(['saved-tidy', 'undo']);
  const isDown = (facts: Partial<DeployFacts>) =>
    planDeploy({ ...WHOLE, savedRows: [SAVED], ...facts }).steps.flatMap((step) =>
      step.phase === 'saved-rows' ? [step.input.isSiteDown] : [],
    );
  expect(isDown({ withMaintenance: false })).toEqual([false]);
  expect(isDown({ withMaintenance: false, isSiteDown: true })).toEqual([true]);
});

test('a rollback of a run that was loading saved rows tidies up before it undoes', () => {
  const plan = planRollback({ ...UNDO, ...BARE, savedFile: undefined, begunRows: [SAVED] });
  expect(outline(plan)).toMatchInlineSnapshot(`
    "saved-tidy: Tidy up after the saved rows {"ofRun":"run-1","databases":["shop_restore_1"]}
    undo: Undo the migrations {"ofRun":"run-1","versions":"all"}
    way back until undefined"
  `);
});

test('without maintenance the way back of a deploy brings up what was cleared, or else asks the site', () => {
  const caches = planDeploy({ ...WHOLE, withMaintenance: false });
  const asks = planDeploy({ ...WHOLE, ...BARE, healthyStatus: 200 });
  const conditions = (plan: Plan) => plan.onFailure.map(({ id, onlyAfter }) => `${id} after ${onlyAfter}`);
  expect(conditions(caches)).toEqual([
    'undo after migrate',
    'health-back after caches-before',
    'caches-back after caches-before',
  ]);
  expect(conditions(asks)).toEqual(['undo after migrate', 'health-back after migrate']);
});

test('a rollback, which has a way back only until it undoes', () => {
  expect(outline(planRollback(UNDO))).toMatchInlineSnapshot(`
    "maintenance-on: Maintenance on {"to":"on","isRescue":true}
    caches-before: Clear caches {"when":"before","isRescue":true}
    save-rows: Save the rows that will be dropped {"file":"/saved.sql.gz","tables":["items"],"versions":["1","2"]}
    prove: Prove the saved rows by loading them {"file":"/saved.sql.gz"}
    undo: Undo the migrations {"ofRun":"run-1","versions":"all"}
    caches-after: Clear caches again {"when":"after","isRescue":true}
    maintenance-off: Maintenance off {"to":"off","isRescue":true}
    health: Ask the site {"expect":200}
    way back until prove
    open-tables: Open the tables to writers again {} (only after save-rows)
    maintenance-off-back: Maintenance off {"to":"off","isRescue":true} (only after maintenance-on)
    health-back: Ask the site {"expect":200} (only after maintenance-on)
    caches-back: Clear caches again {"when":"after","isRescue":true} (only after maintenance-on)"
  `);
  const bare = planRollback({ ...UNDO, ...BARE, savedFile: undefined, versions: ['1'] });
  expect(outline(bare)).toMatchInlineSnapshot(`
    "undo: Undo the migrations {"ofRun":"run-1","versions":["1"]}
    way back until undefined"
  `);
});

test('a rollback of a run that had left the site down leaves it down when it fails', () => {
  expect(planRollback({ ...UNDO, wasDown: true }).onFailure.map(({ id }) => id)).toEqual(['open-tables']);
});

test('a restore beside production, and one into production itself', () => {
  expect(outline(planRestore(RESTORE))).toMatchInlineSnapshot(`
    "load-beside: Load the backup beside production {"file":"/backups/shop.sql.gz","database":"shop_restore_1"}
    locks: Wait for old transactions {"tables":"all","again":"restore","goesOn":true}
    maintenance-on: Maintenance on {"to":"on","isRescue":true,"goesOn":true}
    services-stop: Stop php, nginx {"action":"stop","services":["php","nginx"],"goesOn":true}
    swap: Swap it with production {"from":"shop_restore_1","aside":"shop_before_1","file":"/backups/shop.sql.gz"}
    services-start: Start php, nginx {"action":"start","services":["php","nginx"]}
    caches-after: Clear caches {"when":"after","isRescue":true}
    maintenance-off: Maintenance off {"to":"off","isRescue":true}
    health: Ask the site {"expect":200}
    way back until swap
    swap-back: Bring back what was there before {"ofRun":"run-1","side":"shop_restore_1","aside":"shop_before_1","keeps":false} (only after swap)
    services-start-back: Start php, nginx {"action":"start","services":["php","nginx"]} (only after services-stop)
    maintenance-off-back: Maintenance off {"to":"off","isRescue":true} (only after maintenance-on)
    discard: Drop what was loaded beside {"ofRun":"run-1","database":"shop_restore_1"} (only after load-beside)
    health-back: Ask the site {"expect":200} (only after load-beside)"
  `);
  expect(outline(planRestore({ ...RESTORE, ...BARE, services: [], isInPlace: true }))).toMatchInlineSnapshot(`
    "load: Load the backup {"file":"/backups/shop.sql.gz","aside":"shop_before_1"}
    way back until load
    swap-back: Bring back what was there before {"ofRun":"run-1","side":"shop_restore_1","aside":"shop_before_1","keeps":false} (only after load)
    discard: Drop what was loaded beside {"ofRun":"run-1","database":"shop_restore_1"} (only after load)"
  `);
});

test('single tables in the place of the present ones: the site goes down once it is known that they fit', () => {
  const plan = planTableExchange({ ...RESTORE, services: [], tables: ['items', 'shops'] });
  expect(outline(plan)).toMatchInlineSnapshot(`
    "load-tables: Load items, shops beside production {"file":"/backups/shop.sql.gz","tables":["items","shops"],"database":"shop_restore_1"}
    compare-tables: Compare with production {"file":"/backups/shop.sql.gz","tables":["items","shops"],"database":"shop_restore_1"}
    locks: Wait for old transactions {"tables":[{"table":"items","against":"everybody"},{"table":"shops","against":"everybody"}],"again":"restore"}
    maintenance-on: Maintenance on {"to":"on","isRescue":true,"goesOn":true}
    swap-tables: Swap items, shops with production's {"file":"/backups/shop.sql.gz","tables":["items","shops"],"from":"shop_restore_1","aside":"shop_before_1"}
    caches-after: Clear caches {"when":"after","isRescue":true}
    maintenance-off: Maintenance off {"to":"off","isRescue":true}
    health: Ask the site {"expect":200}
    way back until swap-tables
    swap-back: Bring back what was there before {"ofRun":"run-1","side":"shop_restore_1","aside":"shop_before_1","keeps":false} (only after swap-tables)
    maintenance-off-back: Maintenance off {"to":"off","isRescue":true} (only after maintenance-on)
    discard: Drop what was loaded beside {"ofRun":"run-1","database":"shop_restore_1"} (only after load-tables)
    health-back: Ask the site {"expect":200} (only after load-tables)"
  `);
});

test('the way back from a restore: one that is over keeps what production holds, one cut off drops it', () => {
  const over = { ...RESTORE, ofRun: 'run-1', hasExchanged: true, isFinished: true };
  expect(outline(planRestoreBack(over))).toMatchInlineSnapshot(`
    "locks: Wait for old transactions {"tables":"all","again":"rollback"}
    maintenance-on: Maintenance on {"to":"on","isRescue":true}
    services-stop: Stop php, nginx {"action":"stop","services":["php","nginx"]}
    swap-back: Bring back what was there before {"ofRun":"run-1","side":"shop_restore_1","aside":"shop_before_1","keeps":true}
    services-start: Start php, nginx {"action":"start","services":["php","nginx"]}
    caches-after: Clear caches {"when":"after","isRescue":true}
    maintenance-off: Maintenance off {"to":"off","isRescue":true}
    health: Ask the site {"expect":200}
    way back until services-stop
    services-start-back: Start php, nginx {"action":"start","services":["php","nginx"]} (only after services-stop)
    maintenance-off-back: Maintenance off {"to":"off","isRescue":true} (only after maintenance-on)
    health-back: Ask the site {"expect":200} (only after maintenance-on)"
  `);
  const cut = { ...over, ...BARE, services: [], hasExchanged: false, isFinished: false };
  expect(outline(planRestoreBack(cut))).toMatchInlineSnapshot(`
    "discard: Drop what was loaded beside {"ofRun":"run-1","database":"shop_restore_1"}
    way back until undefined"
  `);
});

test('no two steps of a plan have the same id, the way back included', () => {
  for (const { steps, onFailure } of [planDeploy(WHOLE), planRollback(UNDO), planRestore(RESTORE)]) {
    const ids = [...steps, ...onFailure].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  }
});
