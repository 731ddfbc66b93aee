import type { $ZodType, $ZodTypes } from 'zod/v4/core';
import { configSchema } from './schema.ts';
import type { Path } from './sources/tree.ts';

/** A key of the configuration that one environment variable can give. */
export interface Key {
  readonly path: readonly string[];
  /** True when its value may be a mapping or a list. */
  readonly isStructured: boolean;
}

/** Every key, with those that hold other keys before them. */
export function allKeys(): Key[] {
  return keysBelow(configSchema, []).filter((key) => key.path[0] !== '$schema');
}

/** The names that a mapping at this path may have. */
export function namesAt(path: Path): string[] {
  let schemas: $ZodType[] = [configSchema];
  for (const key of path) {
    schemas = schemas.flatMap(alternatives).flatMap((schema) => {
      const def = definition(schema);
      if (def.type === 'array') return [def.element];
      const child = def.type === 'object' ? def.shape[String(key)] : undefined;
      return child ? [child] : [];
    });
  }
  const names = schemas.flatMap(alternatives).flatMap((schema) => {
    const def = definition(schema);
    return def.type === 'object' ? Object.keys(def.shape) : [];
  });
  return [...new Set(names)];
}

function keysBelow(schema: $ZodType, path: readonly string[]): Key[] {
  return alternatives(schema).flatMap((alternative) => {
    const def = definition(alternative);
    if (def.type !== 'object') return [];
    return Object.entries(def.shape).flatMap(([name, child]) => {
      const own = { path: [...path, name], isStructured: isStructured(child) };
      return [own, ...keysBelow(child, own.path)];
    });
  });
}

function isStructured(schema: $ZodType): boolean {
  return alternatives(schema).some((one) => ['object', 'array'].includes(definition(one).type));
}

/** The schemas that a value may be checked by, without what stands around them (optional, default, transform). */
function alternatives(schema: $ZodType): $ZodType[] {
  const def = definition(schema);
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
      return alternatives(def.innerType);
    case 'pipe':
      return alternatives(def.in);
    case 'union':
      return def.options.flatMap(alternatives);
    default:
      return [schema];
  }
}

function definition(schema: $ZodType) {
  return (schema as $ZodTypes)._zod.def;
}
