import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newCommand, toSnakeCase } from '../../src/commands/new.ts';
import { parseSections } from '../../src/migrations/parse.ts';
import { makeFolder } from '../config/folder.ts';
import { invoke } from './invoke.ts';

const now = new Date('2026-11-23T14:30:05Z');

describe('new', () => {
  it.each([
    ['no file yet', {}, 'migrations/2026_11_23_143005_create_orders_table.sql'],
    ['dbmate', { 'migrations/20240101000000_a.sql': '' }, 'migrations/20261123143005_create_orders_table.sql'],
    ['numbers', { 'migrations/009_a.up.sql': '' }, 'migrations/010_create_orders_table.sql'],
    [
      'a folder of its own, with a configuration that lacks a variable',
      { 'gateway-migrate.config.yaml': 'database: { password: "${NOT_SET}" }\nmigrations: { dir: sql }' },
      'sql/2026_11_23_143005_create_orders_table.sql',
    ],
  ])('follows the style: %s', async (_style, files, expected) => {
    const cwd = makeFolder(files);
    const { invocation, printed, objects } = invoke({ cwd, now });
    expect(await newCommand('Create orders table', {}, invocation)).toBe(0);
    const path = join(cwd, expected);
    expect(printed).toEqual([`Written: ${path}`, 'Next: gateway-migrate deploy --dry-run']);
    expect(objects).toMatchObject([{ type: 'file.written', path }]);
    const { present, problems, sections } = parseSections(readFileSync(path, 'utf8'));
    expect([...present]).toEqual(['up', 'down', 'check', 'verify']);
    expect({ problems, up: sections.up }).toEqual({ problems: [], up: [] });
  });

  it('refuses a name without letters', async () => {
    const { invocation, events } = invoke({ cwd: makeFolder() });
    expect(await newCommand('--', {}, invocation)).toBe(64);
    expect(events.at(-1)).toMatchObject({
      error: {
        what: '"--" has no letter or digit that could name a file',
        state: 'nothing was written, production is unchanged',
        next: 'gateway-migrate new create_orders_table',
      },
    });
  });

  it.each([
    ['CreateOrdersTable', 'create_orders_table'],
    ['add-état to customers.sql', 'add_etat_to_customers'],
    ['../../etc/passwd', 'etc_passwd'],
    ['  a  b ', 'a_b'],
  ])('%j becomes %s', (given, expected) => {
    expect(toSnakeCase(given)).toBe(expected);
  });
});
