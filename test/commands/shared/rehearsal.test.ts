import { expect, test } from 'vitest';
import { requireSameSchema } from '../../../src/commands/shared/rehearsal.ts';
import { connect } from '../../../src/mysql/connect.ts';
import type { Facts } from '../../../src/preflight/gather.ts';
import { readSnapshot } from '../../../src/schema/snapshot.ts';
import { withSession } from '../../schema/sessions.ts';
import { describeOnServers } from '../../support/servers.ts';

describeOnServers('evidence', (server) => {
  test('does not hold for a schema that somebody changed between the question and the lock', async () => {
    const database = await server().createDatabase('shop');
    const snapshot = await withSession(server(), database, (session) => readSnapshot(session, database));
    const facts = { server: await connect(server().target(database)), snapshot } as Facts;
    await requireSameSchema(facts);
    await server().sql('CREATE TABLE late (id INT)', database);
    await expect(requireSameSchema(facts)).rejects.toMatchObject({
      message: "production's schema has changed since it was rehearsed",
      exitCode: 5,
      state: 'nothing was started, production is unchanged',
      next: 'gateway-migrate deploy (it rehearses again)',
    });
  });
});
