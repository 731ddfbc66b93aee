import type { Config } from '../config/config.ts';
import { messageOf } from '../errors.ts';
import { connect, type Server, type Session } from '../mysql/connect.ts';
import { scratchOf } from '../phases/migrate/statement-parts.ts';
import { findServerBinaries } from '../private-server/binaries.ts';
import { type Check, holds, warns } from '../run/check.ts';
import { readDefiners } from '../schema/definers.ts';
import type { Exec } from '../system/exec.ts';
import { checkEveryRight } from './every-right.ts';
import { readAccount } from './privileges.ts';
import { readSettingsToChange } from './settings-to-change.ts';

interface ProofParts {
  readonly config: Config;
  readonly server: Server;
  readonly exec: Exec;
  readonly path: string | undefined;
}

/**
 * Whether test, deploy, rollback and restore would work now, as far as that can be told without doing it. What cannot be
 * proven is a warning. More than a deploy asks of its preflight, for doctor alone.
 */
export async function proveCommands(parts: ProofParts): Promise<Check[]> {
  const session = await parts.server.open();
  try {
    return [...(await proveRights(parts, session)), await proveRehearsal(parts)];
  } finally {
    await session.close();
  }
}

async function proveRights({ config, server }: ProofParts, session: Session): Promise<Check[]> {
  const { database } = server.target;
  const account = await readAccount(session);
  const foreign = (await readDefiners(session, database)).filter((definer) => definer !== account.name);
  const [row] = await session.query<{ isLogged: number }>('SELECT @@GLOBAL.log_bin AS isLogged');
  const { rehearsal } = config;
  return checkEveryRight(account, {
    ...{ flavor: server.flavor, database, isLogged: Number(row?.isLogged) === 1 },
    rehearsal: rehearsal !== 'private' && isSameServer(rehearsal, config.database) ? rehearsal.database : undefined,
    trial: scratchOf(config),
    settings: await readSettingsToChange(session, server.flavor),
    hasForeignDefiners: foreign.length > 0,
    hasSystemDefiner: server.flavor.kind === 'mysql' ? await readSystemUsers(session, foreign) : false,
  });
}

function isSameServer(one: Config['database'], other: Config['database']): boolean {
  return one.socket === other.socket && one.host === other.host && one.port === other.port && one.user === other.user;
}

/** Only who may read the server's own tables can see it. */
async function readSystemUsers(session: Session, definers: readonly string[]): Promise<boolean | undefined> {
  if (definers.length === 0) return false;
  try {
    const rows = await session.query<{ account: string }>(
      "SELECT CONCAT(USER, '@', HOST) AS account FROM mysql.global_grants WHERE PRIV = 'SYSTEM_USER'",
    );
    return rows.some(({ account }) => definers.includes(account));
  } catch {
    return undefined;
  }
}

async function proveRehearsal({ config, server, exec, path }: ProofParts): Promise<Check> {
  const about = { group: 'rehearsal', name: 'place of the rehearsal' };
  const { rehearsal } = config;
  if (rehearsal === 'private') {
    const { label, kind } = server.flavor;
    const found = (await findServerBinaries(exec, { path })).find((one) => one.kind === kind);
    if (found) return holds({ ...about, detail: `a private server of ${found.version}` });
    const remedy = 'install it, or set rehearsal.database in the configuration';
    return warns({
      ...about,
      detail: `there is no server program of ${label} on this machine: test cannot start`,
      remedy,
    });
  }
  try {
    const place = await connect(rehearsal, { database: null });
    return holds({ ...about, detail: `${rehearsal.database}, ${place.flavor.label}` });
  } catch (error) {
    const remedy = 'mend rehearsal in the configuration';
    return warns({ ...about, detail: `the server of the rehearsal cannot be reached: ${messageOf(error)}`, remedy });
  }
}
