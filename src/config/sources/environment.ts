import { messageOf } from '../../errors.ts';
import { allKeys, type Key } from '../keys.ts';
import type { Layer } from '../layers.ts';
import { type Problem, suggest } from '../problems.ts';
import { type Tree, withValue } from './tree.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'GATEWAY_MIGRATE_';
/** The production password, before every other source. */
export const PASSWORD_VARIABLE = `${PREFIX}PASSWORD`;
/** The configuration file, as `--config`. */
export const CONFIG_VARIABLE = `${PREFIX}CONFIG`;
/** Names of the tool's own that are no keys: folders of server programs (demo, tests) and of client programs. */
const RESERVED = new Set([PASSWORD_VARIABLE, CONFIG_VARIABLE, `${PREFIX}SERVERS`, `${PREFIX}CLIENTS`]);

/** `backup.keep.last` → `GATEWAY_MIGRATE_BACKUP_KEEP_LAST` */
export function variableOf(path: readonly PropertyKey[]): string {
  const words = path.map((key) => String(key).replace(/[A-Z]/g, '_$&').toUpperCase());
  return `${PREFIX}${words.join('_')}`;
}

/** Keys given as `GATEWAY_MIGRATE_…`. Empty variables count as not set; lists and mappings are JSON. */
export function readEnvironment(env: Environment, problems: Problem[]): Layer {
  const origin: Layer['origin'] = (path) => givenBy(env, path);
  const names = Object.keys(env).filter((name) => name.startsWith(PREFIX) && env[name] && !RESERVED.has(name));
  if (names.length === 0) return { tree: {}, origin };
  const keys = new Map(allKeys().map((key) => [variableOf(key.path), key]));
  let tree: Tree = {};
  // Sorted, so that GATEWAY_MIGRATE_REHEARSAL comes before GATEWAY_MIGRATE_REHEARSAL_DATABASE.
  for (const name of names.sort()) {
    const key = keys.get(name);
    if (!key) problems.push({ path: name, text: `unknown variable, ${suggestVariable(name, [...keys.keys()])}` });
    else tree = withValue(tree, key.path, readValue(name, env[name] as string, key, problems));
  }
  return { tree, origin };
}

function suggestVariable(name: string, known: readonly string[]): string {
  const said = suggest(name, known);
  return said.startsWith('did') ? said : 'expected GATEWAY_MIGRATE_ and the path of a key, as in docs/configuration.md';
}

function readValue(name: string, text: string, key: Key, problems: Problem[]): unknown {
  if (!key.isStructured || !/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch (error) {
    // The parser quotes what it read, which may be a secret: only the place is told.
    const at = /position \d+/.exec(messageOf(error))?.[0];
    problems.push({ path: name, text: `not valid JSON${at ? ` at ${at}` : ''}, expected a list or a mapping as JSON` });
    return undefined;
  }
}

/** The variable that a value came from: its own, or that of a mapping around it. */
function givenBy(env: Environment, path: readonly PropertyKey[]): string {
  for (let length = path.length; length > 0; length--) {
    const name = variableOf(path.slice(0, length));
    if (env[name]) return name;
  }
  return 'the environment';
}
