import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildGateway } from '../../src/demo/gateway/gateway.ts';
import { connect } from '../../src/mysql/connect.ts';
import { describeOnServers } from '../support/servers.ts';
import { rehearseOn } from './stages.ts';

const SIX = join(import.meta.dirname, '../../migrations');
const VERSION_LENGTH = '2025_10_01_060100'.length;
const TENANT = { table: 'companies', column: 'company_id', onDelete: 'CASCADE' };

describeOnServers('the six migrations on the sample gateway', (server) => {
  test('are ready, and the flaws that the paper procedure never noticed are told', async () => {
    await buildGateway(await connect(server().target('gateway'), { database: null }), { scale: 0.1 });
    const texts = readdirSync(SIX).map((name) => [
      name.slice(0, VERSION_LENGTH),
      readFileSync(join(SIX, name), 'utf8'),
    ]);
    const done = await rehearseOn(server(), 'gateway', {
      files: Object.fromEntries(texts) as Record<string, string>,
      config: { verify: { tenant: TENANT } },
    });
    const isError = (one: { level: string; ok?: boolean }) => one.level === 'error' && one.ok !== true;
    expect([...done.findings, ...done.checks].filter(isError)).toEqual([]);
    expect(done.applied.map(({ steps }) => steps.length)).toEqual([1, 1, 1, 1, 1, 1]);
    const told = done.findings.map(({ name, object }) => `${name} ${object}`);
    expect(told).toContainEqual(expect.stringMatching(/^unique-with-null .*unique_policy_per_entity/));
    expect(told).toContainEqual(
      expect.stringMatching(/^polymorphic-type notification_configurations\.configurable_id/),
    );
    const cascades = done.checks.filter(({ name, ok }) => ok && / goes with its row of companies$/.test(name));
    expect(cascades).toHaveLength(6);
  });
});
