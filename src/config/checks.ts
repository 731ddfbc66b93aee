import { type core, safeParse } from 'zod/mini';
import { namesAt } from './keys.ts';
import { describeFound, type Layer } from './layers.ts';
import { type Problem, suggest } from './problems.ts';
import { type CheckedConfig, configSchema } from './schema.ts';
import { variableOf } from './sources/environment.ts';
import { formatPath, isTree, type Path, type Tree, valueAt } from './sources/tree.ts';

/** Checks every key by the schema. Undefined when there are problems, all of which are pushed. */
export function checkKeys(tree: Tree, layers: readonly Layer[], problems: Problem[]): CheckedConfig | undefined {
  // Compiling a validator costs more than the one object it would check.
  const result = safeParse(configSchema, tree, { jitless: true });
  if (result.success) return result.data;
  problems.push(...result.error.issues.flatMap((issue) => toProblems(issue, issue.path, tree, layers)));
  return undefined;
}

function toProblems(issue: core.$ZodIssue, path: Path, tree: Tree, layers: readonly Layer[]): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const place = layers.findLast((layer) => valueAt(layer.tree, [...path, key]) !== undefined);
      const where = place ? ` in ${place.origin([...path, key])}` : '';
      return { path: formatPath([...path, key]), text: `unknown key${where}, ${suggest(key, namesAt(path))}` };
    });
  }
  const closest = issue.code === 'invalid_union' ? closestBranch(issue.errors, valueAt(tree, path)) : undefined;
  if (closest) return closest.flatMap((inner) => toProblems(inner, [...path, ...inner.path], tree, layers));
  return [{ path: formatPath(path), text: `found ${describeFound(layers, path)}, expected ${issue.message}` }];
}

/** Of the forms a value may have, the one whose kind it is: what is wrong inside it is worth telling. */
function closestBranch(
  branches: readonly (readonly core.$ZodIssue[])[],
  value: unknown,
): readonly core.$ZodIssue[] | undefined {
  if (typeof value !== 'object') return undefined;
  const isOtherKind = ({ path, code }: core.$ZodIssue) =>
    path.length === 0 && (code === 'invalid_type' || code === 'invalid_value');
  return branches.find((issues) => !issues.some(isOtherKind));
}

/** What no key can tell alone: names that are needed, and keys that do not go together. */
export function checkTogether(tree: Tree, layers: readonly Layer[], problems: Problem[]): void {
  for (const [key, variable] of [
    ['name', 'DB_DATABASE'],
    ['user', 'DB_USERNAME'],
  ] as const) {
    const path = ['database', key];
    if (valueAt(tree, path) !== undefined) continue;
    const expected = `${path.join('.')} in the file, ${variableOf(path)}, or ${variable} in the application's .env`;
    problems.push({ path: path.join('.'), text: `found nothing, expected ${expected}` });
  }
  for (const layer of layers) {
    for (const section of ['database', 'rehearsal']) problems.push(...rivalsIn(layer, section));
  }
  if (valueAt(tree, ['migrations', 'engine']) === 'artisan' && valueAt(tree, ['app', 'dir']) === undefined) {
    problems.push({ path: 'migrations.engine', text: 'found "artisan" without app.dir, expected both' });
  }
  problems.push(...halfPolymorphic(tree));
  for (const key of ['maintenance', 'workers', 'caches']) {
    const isWithoutApp = valueAt(tree, ['app', key]) === 'laravel' && valueAt(tree, ['app', 'dir']) === undefined;
    if (isWithoutApp) problems.push({ path: `app.${key}`, text: 'found "laravel" without app.dir, expected both' });
  }
}

/** A type without a mapping means nothing, and a mapping without a column of types nothing either. */
function halfPolymorphic(tree: Tree): Problem[] {
  const references = valueAt(tree, ['verify', 'references']);
  if (!Array.isArray(references)) return [];
  return references.flatMap((entry, place) => {
    if (!isTree(entry) || isTree(entry.to) === (entry.type !== undefined)) return [];
    const text =
      entry.type === undefined
        ? 'found a mapping of types, expected type beside it'
        : 'found type, expected to as a mapping of types to columns';
    return [{ path: `verify.references[${place}]`, text }];
  });
}

function rivalsIn(layer: Layer, section: string): Problem[] {
  const given = valueAt(layer.tree, [section]);
  if (!isTree(given)) return [];
  const pairs = [
    ['socket', 'host'],
    ['socket', 'port'],
    ['password', 'passwordFile'],
  ] as const;
  return pairs
    .filter(([one, other]) => given[one] !== undefined && given[other] !== undefined)
    .map(([one, other]) => ({
      path: `${section}.${one}`,
      text: `found beside ${section}.${other} in ${layer.origin([section, one])}, expected only one of the two`,
    }));
}
