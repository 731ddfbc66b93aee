import { isInMaintenance } from '../app/maintenance.ts';
import { checkApp } from '../app/readiness.ts';
import { checkBackupReadiness, checkFolder } from '../backup/dump/readiness.ts';
import type { Config } from '../config/config.ts';
import type { Server, Session } from '../mysql/connect.ts';
import type { Check } from '../run/check.ts';
import type { Snapshot } from '../schema/types.ts';
import type { Clock } from '../system/clock.ts';
import type { Exec } from '../system/exec.ts';
import type { Http } from '../system/http.ts';
import { checkData } from './data.ts';
import { checkDatabase, checkEmptied } from './database.ts';
import { checkForeign } from './foreign/checks.ts';
import { checkMigrations, noteCheck, problemCheck } from './migrations.ts';
import { checkForeignHands, checkOwnFolders } from './own-folders.ts';
import { reach } from './reach.ts';
import { readSources } from './sources.ts';
import { readStanding, type Standing } from './standing.ts';
import { readWholeSchema } from './whole-schema.ts';

/** Everything that is known before anything is touched. */
export interface Facts extends Standing {
  readonly snapshot: Snapshot;
  /** Somebody has put the site in maintenance before us: then it is theirs to bring up. */
  readonly isSiteDown: boolean;
  readonly checks: readonly Check[];
}

interface Ports {
  readonly exec: Exec;
  readonly http: Http;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What a command needs to know before it decides. */
export interface Need {
  /** True when a handful of rows and the files are enough. */
  isEnough(standing: Standing): boolean;
  /** It makes a backup, or reads one: programs, folder and space are looked at. */
  readonly backup: boolean;
}

const EVERYTHING: Need = { isEnough: () => false, backup: true };

/** Reads everything a command decides by. Changes nothing, not even the tool's own tables. */
export function gatherFacts(config: Config, ports: Ports): Promise<Facts> {
  return onOneSession(config, async (server, session) =>
    readFacts(await readStanding(server, session, config), session, config, ports, EVERYTHING),
  );
}

/** Reads how things stand; and everything else only where that is not enough for the command. */
export function gatherNeeded(config: Config, ports: Ports, need: Need): Promise<Facts | Standing> {
  return onOneSession(config, async (server, session) => {
    const standing = await readStanding(server, session, config);
    return need.isEnough(standing) ? standing : readFacts(standing, session, config, ports, need);
  });
}

export function isComplete(found: Facts | Standing): found is Facts {
  return 'snapshot' in found;
}

async function onOneSession<T>(config: Config, read: (server: Server, session: Session) => Promise<T>): Promise<T> {
  const { server, session } = await reach(config);
  try {
    return await read(server, session);
  } finally {
    await session.close();
  }
}

/** What can be told without the database: so that whoever mends the connection can mend the rest as well. */
export async function checkWithoutDatabase(config: Config, ports: Ports): Promise<Check[]> {
  const { problems, notes } = await readSources(config, { history: [] });
  return [
    ...problems.map(problemCheck),
    ...notes.map(noteCheck),
    ...(await checkOwnFolders(config)),
    ...checkForeignHands(config),
    await checkFolder(config.backup.dir),
    ...(await checkApp(config.app, ports)),
  ];
}

async function readFacts(
  standing: Standing,
  session: Session,
  config: Config,
  ports: Ports,
  need: Need,
): Promise<Facts> {
  const { server, status, problems, notes, foreign, claims } = standing;
  const snapshot = await readWholeSchema(session, server.target.database);
  // At once: programs that are asked for their version start while the server answers.
  const [isSiteDown, database, data, own, backup, app] = await Promise.all([
    isInMaintenance(config.app, ports).catch(() => false),
    checkDatabase(server, session, snapshot, config, ports.clock),
    checkData(session, status.pending),
    checkOwnFolders(config),
    need.backup ? checkBackupReadiness({ config, server, session, exec: ports.exec, env: ports.env }) : [],
    checkApp(config.app, ports),
  ]);
  const checks = [
    ...checkEmptied(standing.emptied),
    ...database,
    ...checkMigrations(status, problems, snapshot, config),
    ...notes.map(noteCheck),
    ...checkForeign(foreign, claims),
    ...data,
    ...own,
    ...checkForeignHands(config),
    ...backup,
    ...app,
  ];
  return { ...standing, snapshot, isSiteDown, checks };
}
