import { type BesideRole, nameBeside } from '../exchange/side-database.ts';
import { type Flavor, isAtLeast } from '../mysql/flavor.ts';
import { missingPrivileges, quoteAccount } from '../mysql/grants.ts';
import { quoteName } from '../mysql/quote.ts';
import { type Check, holds, warns } from '../run/check.ts';
import { type Account, NEEDED } from './privileges.ts';
import { describeSetting, holdsOne, type SettingToChange } from './settings-to-change.ts';

/** What decides which rights this account needs on this server. */
export interface Circumstances {
  readonly flavor: Flavor;
  readonly database: string;
  /** On the same server; undefined where the rehearsal is elsewhere. */
  readonly rehearsal: string | undefined;
  /** Where a statement that was cut off, and that no rehearsal has seen, is tried: always on the same server. */
  readonly trial: string;
  readonly isLogged: boolean;
  /** Views, triggers, routines and events of other accounts are there. */
  readonly hasForeignDefiners: boolean;
  /** One of those accounts has SYSTEM_USER; undefined where that cannot be seen. */
  readonly hasSystemDefiner: boolean | undefined;
  /** Tables that production has ask for them. */
  readonly settings: readonly SettingToChange[];
}

interface Need {
  readonly privileges: readonly string[];
  /** One of these does as well. */
  readonly orOneOf?: readonly string[];
  /** As it stands behind ON. */
  readonly on: string;
  /** A database that it must hold for; `''` for the whole server. */
  readonly holdsFor: string;
  /** What does not work without. */
  readonly without: string;
}

const PROGRAMS = ['CREATE ROUTINE', 'ALTER ROUTINE', 'EXECUTE', 'CREATE TEMPORARY TABLES'];

const TRIAL = 'resume and rollback cannot try there a statement that was cut off, where no rehearsal has seen it';

/** PURE: every right that one of the commands asks for, with what does not work without it. */
export function everyRight(about: Circumstances): Need[] {
  const { database, rehearsal, trial } = about;
  const pattern = quoteName(database.replaceAll('_', '\\_'));
  const beside = (role: BesideRole): Need => ({
    ...{ privileges: ['ALL PRIVILEGES'], on: `${pattern.slice(0, -1)}\\_${role}\\_%\`.*` },
    holdsFor: nameBeside(database, role, new Date(0)),
    without: 'restore cannot load beside production, nor keep what was there',
  });
  return [
    {
      ...{ privileges: [...NEEDED, ...PROGRAMS], on: `${pattern}.*`, holdsFor: database },
      without: 'deploy and rollback cannot change every kind of object',
    },
    beside('restore'),
    beside('before'),
    ...(rehearsal === undefined ? [] : [allOf(rehearsal, 'test cannot make its clone, and deploy not rehearse')]),
    ...(rehearsal === trial ? [] : [allOf(trial, TRIAL)]),
    ...onTheServer(about),
  ];
}

function allOf(database: string, without: string): Need {
  const on = `${quoteName(database.replaceAll('_', '\\_'))}.*`;
  return { privileges: ['ALL PRIVILEGES'], on, holdsFor: database, without };
}

function onTheServer(about: Circumstances): Need[] {
  const { flavor, isLogged, hasForeignDefiners, hasSystemDefiner, settings } = about;
  const isMysql = flavor.kind === 'mysql';
  const global = (without: string, ...privileges: string[]) => ({ privileges, on: '*.*', holdsFor: '', without });
  return [
    global('a deploy that waits for a lock cannot name who holds it', 'PROCESS'),
    ...(isLogged && isMysql
      ? [global('a backup does not know its place in the binary log: every write since then would be lost', 'RELOAD')]
      : []),
    ...(isLogged
      ? [
          global(
            'restore cannot bring back a later moment than the backup’s',
            ...(isMysql ? ['REPLICATION CLIENT', 'REPLICATION SLAVE'] : ['BINLOG MONITOR', 'REPLICATION SLAVE']),
            isMysql ? 'REPLICATION_APPLIER' : 'BINLOG REPLAY',
          ),
        ]
      : []),
    ...(hasForeignDefiners
      ? [global('restore cannot make what belongs to other accounts', ...definerRights(flavor))]
      : []),
    ...(hasSystemDefiner
      ? [global('restore cannot make what belongs to an account with SYSTEM_USER', 'SYSTEM_USER')]
      : []),
    ...settings.map((one) => ({ ...global(describeSetting(one), ...one.rights.slice(0, 1)), orOneOf: one.rights })),
  ];
}

/** SET_USER_ID went with MySQL 8.4; its successors came with 8.2. */
function definerRights(flavor: Flavor): string[] {
  if (flavor.kind === 'mariadb') return ['SET USER'];
  return isAtLeast(flavor, 8, 2) ? ['SET_ANY_DEFINER', 'ALLOW_NONEXISTENT_DEFINER'] : ['SET_USER_ID'];
}

/** PURE: one statement for each place, to be pasted as an administrator. */
export function grantBlock(account: string, needs: readonly Need[]): string {
  const places = [...new Set(needs.map(({ on }) => on))];
  return places
    .map((on) => {
      const privileges = [...new Set(needs.filter((need) => need.on === on).flatMap((need) => need.privileges))];
      return `GRANT ${privileges.join(', ')} ON ${on} TO ${quoteAccount(account)};`;
    })
    .join('\n');
}

/** PURE: what does not work with the rights that the account has in effect, and the block that mends all of it. */
export function checkEveryRight({ name, grants }: Account, about: Circumstances): Check[] {
  const needs = everyRight(about);
  const missing = needs.flatMap((need) => {
    if (need.orOneOf && holdsOne(grants, need.orOneOf)) return [];
    const lacking = isAll(need) ? lacksAny(grants, need) : missingPrivileges(grants, need.holdsFor, need.privileges);
    return lacking.length > 0 ? [{ ...need, lacking }] : [];
  });
  const group = 'rights';
  const checks = missing.map(({ on, lacking, without }) =>
    warns({ group, name: `rights on ${on}`, detail: `${name} lacks ${lacking.join(', ')}: ${without}` }),
  );
  if (about.hasForeignDefiners && about.hasSystemDefiner === undefined && mayBeRefused(grants, about)) {
    const detail = `whether a definer has SYSTEM_USER cannot be seen by ${name}; if one has, restore cannot make what is its`;
    checks.push(
      warns({ group, name: 'definers', detail, remedy: `GRANT SYSTEM_USER ON *.* TO ${quoteAccount(name)};` }),
    );
  }
  const grantsCheck = { group, name: 'grants' };
  if (missing.length === 0)
    return [...checks, holds({ ...grantsCheck, detail: `${name} may do all that every command needs` })];
  const detail = `${name} may not do all that every command needs; as an administrator, all of it at once:`;
  return [...checks, warns({ ...grantsCheck, detail, remedy: grantBlock(name, needs) })];
}

function isAll({ privileges }: Need): boolean {
  return privileges.includes('ALL PRIVILEGES');
}

/** ALL may also be given one by one. */
function lacksAny(grants: readonly string[], { holdsFor }: Need): string[] {
  return missingPrivileges(grants, holdsFor, [...NEEDED, ...PROGRAMS]);
}

function mayBeRefused(grants: readonly string[], { flavor }: Circumstances): boolean {
  return flavor.kind === 'mysql' && missingPrivileges(grants, '', ['SYSTEM_USER']).length > 0;
}
