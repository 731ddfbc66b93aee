import { expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { secretsOf } from '../../src/config/secrets.ts';

test.each([
  ['https://shop.example/up', []],
  ['https://ops@shop.example/up', []],
  ['https://ops:pass@shop.example/up', ['pass']],
  ['https://ops:p%40ss@shop.example/up', ['p%40ss', 'p@ss']],
  ['https://ops:100%@shop.example/up', ['100%']],
])('the login of a health page is a secret: %s', (url, expected) => {
  const config = { database: {}, rehearsal: 'private', notify: [], app: { health: { url } } } as unknown as Config;
  expect(secretsOf(config).map((secret) => secret.reveal())).toEqual(expected);
});
