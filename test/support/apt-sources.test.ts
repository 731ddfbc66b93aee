import { expect, test } from 'vitest';
import { parseDeb822, parseOneLineStyle, sourcesFor } from './apt-sources.ts';

const DEB822 = `Types: deb
# a comment in between
URIs: http://archive.test/debian
Suites: bookworm
 bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/archive.gpg

Types: deb-src
URIs: http://archive.test/debian
Suites: bookworm
Components: main

Enabled: no
Types: deb
URIs: http://disabled.test/debian
Suites: bookworm
Components: main
`;

test('reads deb822 sources: binary, enabled, main only', () => {
  const signedBy = '/usr/share/keyrings/archive.gpg';
  expect(parseDeb822(DEB822)).toEqual([
    { uri: 'http://archive.test/debian', suite: 'bookworm', signedBy },
    { uri: 'http://archive.test/debian', suite: 'bookworm-updates', signedBy },
  ]);
});

test('reads one-line sources', () => {
  const text = [
    '# deb http://commented.test/debian bookworm main',
    'deb [arch=amd64 signed-by=/etc/key.gpg] http://archive.test/debian bookworm main contrib',
    'deb http://other.test/debian bookworm non-free',
    'deb-src http://archive.test/debian bookworm main',
  ].join('\n');
  expect(parseOneLineStyle(text)).toEqual([
    { uri: 'http://archive.test/debian', suite: 'bookworm', signedBy: '/etc/key.gpg' },
  ]);
});

test('replaces the suite on the archives of the own release alone', () => {
  const archives = [...parseDeb822(DEB822), { uri: 'http://vendor.test/apt', suite: 'stable', signedBy: undefined }];
  expect(sourcesFor('sid', 'bookworm', archives)).toBe(
    'Types: deb\nURIs: http://archive.test/debian\nSuites: sid\nComponents: main\nSigned-By: /usr/share/keyrings/archive.gpg\n',
  );
  expect(sourcesFor('sid', 'trixie', archives)).toBe('');
});
