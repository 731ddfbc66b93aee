import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { allKeys } from '../../src/config/keys.ts';

it('documents every key', () => {
  const text = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  const isNamed = (path: readonly string[]) => {
    const [first = '', ...rest] = path;
    const chapter = text.split('\n### ').find((part) => part.split('\n')[0]?.includes(`\`${first}\``)) ?? '';
    return chapter.includes(rest.length === 0 ? first : `${rest.join('.')}\``) || rest.length === 0;
  };
  const inner = ['database.tls.ca', 'rehearsal.tls.ca', 'app.maintenance.enter', 'app.maintenance.leave'];
  const told = [...inner, 'app.maintenance.check', 'app.health', 'backup.keep', 'verify.tenant'];
  const missing = allKeys().filter(({ path }) => !isNamed(path) && !told.includes(path.join('.')));
  expect(missing.map(({ path }) => path.join('.'))).toEqual([]);
  expect(allKeys().length).toBeGreaterThan(50);
});
