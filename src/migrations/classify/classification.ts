import type { ObjectKind } from '../../schema/types.ts';
import type { QualifiedName } from '../sql/tokens.ts';
import type { Statement, Touch } from '../types.ts';

export type Classification = Pick<Statement, 'kind' | 'verb' | 'touches' | 'writes' | 'reason'>;

export function ddl(verb: string, touches: readonly Touch[]): Classification {
  return { kind: 'ddl', verb, touches, writes: [] };
}

export function dml(verb: string, writes: readonly string[]): Classification {
  return { kind: 'dml', verb, touches: [], writes };
}

/** A statement known by its kind alone. */
export function plain(kind: 'session' | 'admin' | 'transaction' | 'opaque', verb: string): Classification {
  return { kind, verb, touches: [], writes: [] };
}

export function forbidden(verb: string, reason: string): Classification {
  return { kind: 'forbidden', verb, touches: [], writes: [], reason };
}

export function touch(
  action: Touch['action'],
  kind: ObjectKind,
  name: QualifiedName,
  parts: { isConditional?: boolean; to?: QualifiedName | undefined } = {},
): Touch {
  return {
    action,
    object: `${kind}:${name.name}`,
    ...(parts.to ? { to: `${kind}:${parts.to.name}` as const } : {}),
    ...(name.schema === undefined ? {} : { schema: name.schema }),
    ...(parts.to?.schema === undefined ? {} : { toSchema: parts.to.schema }),
    isConditional: parts.isConditional ?? false,
  };
}

export function writtenName(name: QualifiedName): string {
  return name.schema === undefined ? name.name : `${name.schema}.${name.name}`;
}
