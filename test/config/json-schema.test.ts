import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { configJsonSchema } from '../../src/config/json-schema.ts';

const path = new URL('../../gateway-migrate.schema.json', import.meta.url);

it('ships the JSON Schema that the code makes', () => {
  const current = `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
  if (process.env.UPDATE) writeFileSync(path, current);
  expect(
    readFileSync(path, 'utf8'),
    'stale: run `UPDATE=1 npx vitest run test/config/json-schema.test.ts` and commit the result',
  ).toBe(current);
});

it('describes every key that has a meaning of its own', () => {
  const missing: string[] = [];
  const walk = (schema: Record<string, unknown>, at: string) => {
    for (const [key, child] of Object.entries((schema.properties ?? {}) as Record<string, Record<string, unknown>>)) {
      if (child.description === undefined) missing.push(`${at}${key}`);
      walk(child, `${at}${key}.`);
    }
  };
  walk(configJsonSchema() as Record<string, unknown>, '');
  expect(missing).toEqual(['app.health.url', 'backup.keep.last', 'backup.keep.days']);
});
