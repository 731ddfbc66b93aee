import { suggest } from './problems.ts';

/** What `verify` looks at, in the order of its report; what `--only` takes. */
export const VERIFY_GROUPS = ['schema', 'tenant', 'references', 'orphans', 'plans', 'queries', 'health'] as const;
export type VerifyGroup = (typeof VERIFY_GROUPS)[number];

/** The groups that `--only` names, with spaces or commas between them. Undefined, and why: one of them is none. */
export function parseGroups(
  text: string,
): { readonly groups: readonly VerifyGroup[] } | { readonly complaint: string } {
  const names = text.split(',').filter((name) => name !== '');
  const unknown = names.find((name) => !isGroup(name));
  if (unknown !== undefined) return { complaint: `there is no group "${unknown}", ${suggest(unknown, VERIFY_GROUPS)}` };
  return { groups: names.filter(isGroup) };
}

function isGroup(name: string): name is VerifyGroup {
  return (VERIFY_GROUPS as readonly string[]).includes(name);
}
