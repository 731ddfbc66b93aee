import { expect, test } from 'vitest';
import { whyNoPosition } from '../../src/backup/dump/source.ts';
import type { Config } from '../../src/config/config.ts';
import { connect, type Server } from '../../src/mysql/connect.ts';
import { readLogRights } from '../../src/preflight/binlog-rights.ts';
import { type Circumstances, checkEveryRight, everyRight, grantBlock } from '../../src/preflight/every-right.ts';
import { readAccount } from '../../src/preflight/privileges.ts';
import { proveCommands } from '../../src/preflight/proofs.ts';
import type { Check } from '../../src/run/check.ts';
import { type Exec, systemExec } from '../../src/system/exec.ts';
import { describeOnServers, type TestServer } from '../support/servers.ts';

const brief = (checks: readonly Check[]) =>
  checks.map(({ ok, name, detail }) => `${ok ? 'ok' : 'warning'} ${name}: ${detail}`);

describeOnServers('the rights in effect', (server) => {
  const circumstances = (production: Server): Circumstances => ({
    ...{ flavor: production.flavor, database: production.target.database, rehearsal: 'rights_test' },
    trial: 'rights_test',
    ...{ isLogged: true, hasForeignDefiners: true, hasSystemDefiner: false, settings: [] },
  });

  test.each(['directly', 'through a default role'])(
    'the block that is printed is all that is asked for, given %s',
    async (how) => {
      const isRole = how !== 'directly';
      const user = isRole ? 'by_role' : 'by_hand';
      const database = await server().createDatabase(user);
      await server().sql(
        `CREATE USER '${user}'@'localhost'; GRANT SELECT ON \`${database}\`.* TO '${user}'@'localhost'`,
      );
      const production = await connect({ ...server().target(database), user });
      const about = circumstances(production);

      const before = await accountOf(production);
      const lacking = checkEveryRight(before, about);
      const block = grantBlock(before.name, everyRight(about));
      expect(lacking.at(-1)).toMatchObject({ ok: false, level: 'warning', name: 'grants', remedy: block });
      expect(brief(lacking)).toContain(
        `warning rights on *.*: ${user}@localhost lacks PROCESS: a deploy that waits for a lock cannot name who holds it`,
      );

      await server().sql(isRole ? asRole(server(), block, user) : block);
      const after = await accountOf(production);
      expect(brief(checkEveryRight(after, about))).toEqual([
        `ok grants: ${user}@localhost may do all that every command needs`,
      ]);
      const session = await production.open();
      expect(await readLogRights(session, production.flavor)).toEqual({
        grantToRead: undefined,
        grantToRepeat: undefined,
      });
      // MariaDB's dump needs nothing for it.
      if (server().kind === 'mysql') expect(await whyNoPosition(production, session)).toBeUndefined();
      await session.close();
    },
  );

  test('a rehearsal elsewhere: what recovery without one needs here', async () => {
    const production = await connect(server().target(await server().createDatabase('rights')));
    const about = { ...circumstances(production), rehearsal: undefined, trial: 'shop_rehearsal' };
    const checks = checkEveryRight({ name: 'app@%', grants: [] }, about);
    expect(brief(checks)).toContain(
      'warning rights on `shop\\_rehearsal`.*: app@% lacks SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, ' +
        'REFERENCES, TRIGGER, CREATE VIEW, SHOW VIEW, EVENT, LOCK TABLES, CREATE ROUTINE, ALTER ROUTINE, EXECUTE, CREATE TEMPORARY TABLES: ' +
        'resume and rollback cannot try there a statement that was cut off, where no rehearsal has seen it',
    );
    expect(checks.at(-1)?.remedy).toContain("GRANT ALL PRIVILEGES ON `shop\\_rehearsal`.* TO 'app'@'%';");
  });

  test('what cannot be proven is a warning', async () => {
    const production = await connect(server().target(await server().createDatabase('rights')));
    const about = { ...circumstances(production), hasSystemDefiner: undefined };
    const account = { name: 'app@%', grants: [] };
    const told = brief(checkEveryRight(account, about)).filter((line) => line.includes('definers'));
    expect(told).toEqual(
      server().kind === 'mysql'
        ? [
            'warning definers: whether a definer has SYSTEM_USER cannot be seen by app@%; if one has, restore cannot make what is its',
          ]
        : [],
    );
  });

  test('a rehearsal that has no place is a warning', async () => {
    const database = await server().createDatabase('rights');
    const production = await connect(server().target(database));
    const exec: Exec = { ...systemExec, run: (command) => systemExec.run({ ...command, file: '/no/such/program' }) };
    const prove = async (rehearsal: Config['rehearsal']) => {
      const config = { rehearsal, database: production.target } as Config;
      const checks = await proveCommands({ config, server: production, exec, path: undefined });
      return checks.at(-1);
    };
    expect(await prove('private')).toMatchObject({
      ...{ ok: false, level: 'warning', remedy: 'install it, or set rehearsal.database in the configuration' },
      detail: `there is no server program of ${production.flavor.label} on this machine: test cannot start`,
    });
    expect(await prove({ database: 'x', user: 'x', tls: false, socket: '/no/such/socket' })).toMatchObject({
      ...{ ok: false, level: 'warning', remedy: 'mend rehearsal in the configuration' },
      detail: 'the server of the rehearsal cannot be reached: connect ENOENT /no/such/socket',
    });
  });
});

async function accountOf(production: Server) {
  const session = await production.open();
  try {
    return await readAccount(session);
  } finally {
    await session.close();
  }
}

/** As on RDS: the account itself has next to nothing, its default role all of it. */
function asRole({ kind }: TestServer, block: string, user: string): string {
  const role = kind === 'mysql' ? "'operator'@'%'" : 'operator';
  const grants = block.replaceAll(/ TO .*;/g, ` TO ${role};`);
  const account = `'${user}'@'localhost'`;
  const byDefault =
    kind === 'mysql' ? `SET DEFAULT ROLE ${role} TO ${account}` : `SET DEFAULT ROLE ${role} FOR ${account}`;
  return `CREATE ROLE ${role}; ${grants} GRANT ${role} TO ${account}; ${byDefault}`;
}
