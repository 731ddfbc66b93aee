import { randomBytes } from 'node:crypto';
import type { Config } from '../config/config.ts';
import type { PhpFile } from '../migrations/laravel/php-files.ts';
import type { LexicalModes } from '../migrations/sql/lexer.ts';
import type { Server, Session, Target } from '../mysql/connect.ts';
import { foldName } from '../mysql/name.ts';
import { cloneSchema } from '../rehearsal/clone/clone.ts';
import { type RehearsalPlace, withPlace } from '../rehearsal/clone/place.ts';
import { withScratch } from '../schema/scratch.ts';
import type { Snapshot } from '../schema/types.ts';
import type { Exec } from '../system/exec.ts';
import { Secret } from '../system/secret.ts';
import { judge, type Translated } from './judge.ts';
import { askPhp } from './program.ts';
import { READ_SETTINGS, type SessionSettings } from './session.ts';

export interface Translation {
  readonly config: Config;
  /** The application's folder. */
  readonly dir: string;
  readonly production: Server;
  readonly snapshot: Snapshot;
  readonly files: readonly PhpFile[];
  readonly modes: LexicalModes;
  readonly exec: Exec;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

export type { Translated } from './judge.ts';

/**
 * Runs PHP migrations on a clone of production's schema, and makes SQL of what they send there. Production is only read.
 * Throws a refusal when there is no place for a clone, or no PHP.
 */
export async function translate(translation: Translation): Promise<Translated & { readonly shown: string }> {
  const { production, snapshot, files, modes } = translation;
  const session = await production.open();
  try {
    const ours = await readOurs(production);
    const isInProduction = knower(snapshot, production.foldsNames);
    return await withPlace({ ...translation, session, roomBytes: undefined }, async (place) => {
      const heard = await onClone(translation, place, session);
      const { database } = place.server.target;
      const clone = database === production.target.database ? undefined : database;
      const { said, shown } = heard;
      return { ...judge(files, heard, { ours, modes, isInProduction, clone, said }), shown };
    });
  } finally {
    await session.close();
  }
}

async function onClone(translation: Translation, { server }: RehearsalPlace, session: Session) {
  const { snapshot, files, dir, production, exec, signal, config } = translation;
  const name = server.target.database;
  const { charset, collation } = snapshot;
  return withScratch(server, { name, charset, collation }, async () => {
    await cloneSchema(session, snapshot, server);
    const clone = config.rehearsal === 'private' ? await forOthers(server) : server.target;
    return askPhp({ dir, files, clone, production: production.target.database }, exec, signal);
  });
}

/** A private server's socket lies in a folder that only we may enter; the application belongs to another account. */
async function forOthers(server: Server): Promise<Target> {
  const password = randomBytes(18).toString('hex');
  const session = await server.open({ database: null });
  try {
    const [row] = await session.query<{ port: number | string }>('SELECT @@port AS port');
    for (const host of ['127.0.0.1', 'localhost']) {
      await session.query(`CREATE USER 'gateway_translate'@'${host}' IDENTIFIED BY '${password}'`);
      await session.query(`GRANT ALL ON *.* TO 'gateway_translate'@'${host}'`);
    }
    const { database } = server.target;
    const reached = { host: '127.0.0.1', port: Number(row?.port), user: 'gateway_translate' };
    return { ...reached, database, password: new Secret(password), tls: false };
  } finally {
    await session.close();
  }
}

async function readOurs(production: Server): Promise<SessionSettings> {
  const session = await production.open({ purpose: 'migration' });
  try {
    const [settings] = await session.query<{ sqlMode: string; collation: string; timeZone: string }>(READ_SETTINGS);
    return settings as SessionSettings;
  } finally {
    await session.close();
  }
}

function knower({ objects }: Snapshot, foldsNames: boolean): (table: string) => boolean {
  const fold = (name: string) => (foldsNames ? foldName(name) : name);
  const names = new Set([...objects.values()].flatMap(({ kind, name }) => (ROWS.has(kind) ? [fold(name)] : [])));
  return (table) => names.has(fold(table));
}

const ROWS = new Set(['table', 'view']);
