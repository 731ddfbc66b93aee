import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { allKeys } from '../../src/config/keys.ts';
import { loadConfig } from '../../src/config/load.ts';
import { makeFolder } from './folder.ts';

const text = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

it('documents every key', () => {
  const isNamed = (path: readonly string[]) => {
    const [first = '', ...rest] = path;
    const chapter = text.split('\n### ').find((part) => part.split('\n')[0]?.includes(`\`${first}\``));
    return chapter?.includes(rest.length === 0 ? '\n' : `${rest.join('.')}\``) ?? false;
  };
  const inner = ['database.tls.ca', 'rehearsal.tls.ca', 'app.maintenance.enter', 'app.maintenance.leave'];
  const told = [...inner, 'app.maintenance.check', 'app.health', 'backup.keep', 'verify.tenant', 'monitor.thresholds'];
  const missing = allKeys().filter(({ path }) => !isNamed(path) && !told.includes(path.join('.')));
  expect(missing.map(({ path }) => path.join('.'))).toEqual([]);
  expect(allKeys().length).toBeGreaterThan(50);
});

const examples = [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = '']) => yaml);

it.each(examples)('has an example that works: %s', async (yaml) => {
  const env = {
    GATEWAY_MIGRATE_PASSWORD: 'x',
    STAGING_PASSWORD: 'x',
    SLACK_WEBHOOK: 'https://hooks.example.com/x',
    DB_DATABASE: 'shop',
    DB_USERNAME: 'deploy',
  };
  const cwd = makeFolder({ 'gateway-migrate.config.yaml': yaml });
  expect(await loadConfig({ cwd, env })).toMatchObject({ database: { database: 'shop', user: 'deploy' } });
});
