import { expect, test } from 'vitest';
import { connect } from '../../../src/mysql/connect.ts';
import { compareZones, readZone, zoneArgs } from '../../../src/rehearsal/clone/time-zone.ts';
import { readSnapshot } from '../../../src/schema/snapshot.ts';
import { describeOnServers } from '../../support/servers.ts';

const UTC = { january: 0, july: 0 };
const KATHMANDU = { january: 345, july: 345 };
const BERLIN = { january: 60, july: 120 };
const NEWFOUNDLAND = { january: -210, july: -150 };

test.each([
  ['UTC on a machine in UTC', UTC, UTC, []],
  ['Kathmandu', KATHMANDU, UTC, ['--default-time-zone=+05:45']],
  ['Berlin on a machine in Berlin', BERLIN, BERLIN, []],
  ['Berlin on a machine in UTC', BERLIN, UTC, ['--default-time-zone=+01:00']],
  ['Newfoundland', NEWFOUNDLAND, UTC, ['--default-time-zone=-03:30']],
])('a private server for %s', (_, production, machine, args) => {
  expect(zoneArgs(production, machine)).toEqual(args);
});

test('another zone is an error, the same for half of the year is told', () => {
  expect(compareZones(KATHMANDU, KATHMANDU)).toEqual([]);
  expect(compareZones(KATHMANDU, UTC)).toEqual([
    {
      group: 'clone',
      name: 'time_zone',
      ok: false,
      level: 'error',
      detail: '+05:45 in production, +00:00 here',
      remedy: 'set time_zone on the server of the rehearsal as in production',
    },
  ]);
  expect(compareZones(BERLIN, { january: 60, july: 60 })).toMatchObject([
    { level: 'warning', detail: '+01:00 (+02:00 in July) in production, +01:00 here' },
  ]);
});

describeOnServers(
  'a server in Kathmandu',
  (server) => {
    test('its literal TIMESTAMP is the same instant, whoever made the table in which zone', async () => {
      const database = await server().createDatabase();
      const { open } = await connect(server().target(database));
      const session = await open({ purpose: 'migration' });
      const reader = await open();
      const make = async (name: string, time: string, zone: string) => {
        await session.query(`SET time_zone = ${zone}`);
        await session.execute(
          `CREATE TABLE ${name} (id INT, at TIMESTAMP NOT NULL DEFAULT '${time}', \`a\`\`b\` TIMESTAMP NULL DEFAULT '${time}')`,
        );
      };
      try {
        await make('ours', '2025-06-01 12:00:00', '@@GLOBAL.time_zone');
        await make('theirs', '2025-06-01 06:15:00', "'+00:00'");
        await make('other', '2025-06-01 12:00:00', "'+00:00'");
        const { objects } = await readSnapshot(reader, database);
        const [ours, theirs, other] = ['ours', 'theirs', 'other'].map(
          (name) => objects.get(`table:${name}`)?.definition,
        );
        expect(ours).toContain("default '2025-06-01 06:15:00'");
        expect(theirs).toBe(ours);
        expect(other).not.toBe(ours);
        expect(await readZone(reader)).toEqual(KATHMANDU);
      } finally {
        await session.close();
        await reader.close();
      }
    });
  },
  { args: ['--default-time-zone=+05:45'] },
);
