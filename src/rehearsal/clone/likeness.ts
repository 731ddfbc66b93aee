import { type KeptSetting, NOT_THIS_ACCOUNT } from '../../backup/load/admission.ts';
import type { Session } from '../../mysql/connect.ts';
import type { Flavor } from '../../mysql/flavor.ts';
import { type Check, fails, holds, warns } from '../../run/check.ts';
import { diffSnapshots, formatDifferences, type ObjectDifference } from '../../schema/diff.ts';
import { groupBy } from '../../schema/group.ts';
import { splitId } from '../../schema/snapshot.ts';
import type { Snapshot } from '../../schema/types.ts';
import type { Cloned } from './clone.ts';
import { compareZones, readZone } from './time-zone.ts';

const GROUP = 'clone';

/** What makes the same statement do something else on another server. */
const DECISIVE = [
  'sql_mode',
  'lower_case_table_names',
  'default_storage_engine',
  'explicit_defaults_for_timestamp',
  'innodb_default_row_format',
  'innodb_strict_mode',
] as const;
const TOLD = ['character_set_server', 'collation_server', 'innodb_page_size'] as const;

/** One server as far as a rehearsal depends on it. */
export interface Place {
  readonly flavor: Flavor;
  readonly session: Session;
}

/** Is the clone what production is? Differences in tables are errors, elsewhere they are told. */
export function compareClone(production: Snapshot, clone: Snapshot, cloned: Cloned): Check[] {
  const mended = new Set<string>(cloned.withoutDefiner);
  const missing = new Set<string>(cloned.shortfalls.map(({ object }) => object));
  const differences = diffSnapshots(production, clone)
    .map((difference) => withoutIntended(difference, mended.has(difference.object)))
    .filter(({ object, lines }) => lines.length > 0 && !missing.has(object));
  const about = { group: GROUP, name: 'schema' };
  const shortfalls = describeShortfalls(cloned);
  const definers =
    mended.size === 0
      ? []
      : [
          warns({
            group: GROUP,
            name: 'definers',
            detail: `${mended.size} objects were made with our own account as definer`,
          }),
        ];
  if (differences.length === 0) {
    const detail = `${clone.objects.size} objects, fingerprint ${clone.fingerprint.slice(0, 12)}`;
    return [holds({ ...about, detail }), ...shortfalls, ...definers];
  }
  const detail = ['differs from production (- production, + clone):', ...formatDifferences(differences)].join('\n');
  const isDecisive = differences.some(({ object }) => object === 'database' || /^(?:table|sequence):/.test(object));
  const remedy = 'rehearse on a server of the same version and settings';
  return [isDecisive ? fails({ ...about, detail, remedy }) : warns({ ...about, detail }), ...shortfalls, ...definers];
}

/** One check a reason: what an account may not do it may not do for a hundred objects. */
function describeShortfalls({ shortfalls }: Cloned): Check[] {
  return [...groupBy(shortfalls, ({ object, reason }) => reason.replaceAll(splitId(object)[1], '…')).values()].map(
    (group) => {
      const objects = group.map(({ object }) => object.replace(':', ' '));
      const reason = group[0]?.reason ?? '';
      const setting = group[0]?.setting;
      if (setting) return keptOut(`${objects.join(', ')}: ${reason}`, setting);
      const about = { group: GROUP, name: `${group.length} not in it`, detail: `${objects.join(', ')}: ${reason}` };
      const isDecisive = group.some(({ object }) => /^(?:table|sequence):/.test(object));
      return isDecisive
        ? fails({ ...about, remedy: 'let the account do it, or rehearse on another server' })
        : warns(about);
    },
  );
}

function keptOut(what: string, { name, value, grant }: KeptSetting): Check {
  const detail = `${what}; ${name} is ${value}, and ${NOT_THIS_ACCOUNT}`;
  return fails({ group: GROUP, name, detail, remedy: `${grant} as an administrator, or rehearse on another server` });
}

/** Events are disabled on purpose, and a definer that we may not name is told once for all. */
function withoutIntended(difference: ObjectDifference, isMended: boolean): ObjectDifference {
  const isEvent = difference.object.startsWith('event:');
  const isInPlace = optionsOf(difference, '-') === optionsOf(difference, '+');
  const lines = difference.lines.filter(
    (line) =>
      !(isInPlace && /^[+-] options /.test(line)) &&
      !(isEvent && /^[+-] status /.test(line)) &&
      !(isMended && /^[+-] definer /.test(line)),
  );
  return { ...difference, lines };
}

const FOLDER = /(?:DATA|INDEX)[ _]DIRECTORY\s*=\s*(?:'[^']*'|"[^"]*"|`[^`]*`|\S+)\s*/gi;

/** A table's options but for the folder that it lies in: the clone puts nothing into one of production. */
function optionsOf({ lines }: ObjectDifference, sign: '-' | '+'): string {
  const options = lines.filter((line) => line.startsWith(`${sign} options `));
  return options.map((line) => line.slice('- options '.length).replace(FOLDER, '').trim()).join();
}

/** Does the server of the rehearsal behave as production's? On one and the same there is nothing to compare. */
export async function compareServers(production: Place, rehearsal: Place): Promise<Check[]> {
  const checks = [compareVersions(production.flavor, rehearsal.flavor)];
  const [theirs, ours] = [await readSettings(production.session), await readSettings(rehearsal.session)];
  for (const name of [...DECISIVE, ...TOLD]) {
    const [wanted, got] = [theirs.get(name), ours.get(name)];
    if (wanted === got) continue;
    const parts = { group: GROUP, name, detail: `${wanted ?? 'not known'} in production, ${got ?? 'not known'} here` };
    const remedy = `set ${name} on the server of the rehearsal as in production`;
    checks.push(
      (DECISIVE as readonly string[]).includes(name) ? fails({ ...parts, remedy }) : warns({ ...parts, remedy }),
    );
  }
  checks.push(...compareZones(await readZone(production.session), await readZone(rehearsal.session)));
  return checks;
}

function compareVersions(production: Flavor, rehearsal: Flavor): Check {
  const about = { group: GROUP, name: 'version' };
  if (production.label === rehearsal.label) return holds({ ...about, detail: production.label });
  const detail = `${production.label} in production, ${rehearsal.label} here`;
  const remedy = 'rehearse on the same version';
  const isSameSeries =
    production.kind === rehearsal.kind &&
    production.version[0] === rehearsal.version[0] &&
    production.version[1] === rehearsal.version[1];
  return isSameSeries ? warns({ ...about, detail, remedy }) : fails({ ...about, detail, remedy });
}

/** Global values: what a new connection gets. A variable that the server does not have is left out. */
export async function readSettings(session: Session): Promise<Map<string, string>> {
  const names = [...DECISIVE, ...TOLD].map((name) => `'${name}'`).join(', ');
  const rows = await session.query<{ Variable_name: string; Value: string }>(
    `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${names})`,
  );
  return new Map(rows.map((row) => [row.Variable_name, row.Value]));
}
