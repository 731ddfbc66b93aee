import { describe, expect, test } from 'vitest';
import { terminalTraits } from '../../src/terminal/traits.ts';

const TERMINAL = { isTTY: true, columns: 100 };
const PIPE = {};
const flags = { noColor: false };

describe('colour', () => {
  test.each([
    ['a terminal', TERMINAL, {}, true],
    ['a pipe', PIPE, {}, false],
    ['NO_COLOR', TERMINAL, { NO_COLOR: '1' }, false],
    ['an empty NO_COLOR', TERMINAL, { NO_COLOR: '' }, true],
    ['FORCE_COLOR on a pipe', PIPE, { FORCE_COLOR: '1' }, true],
    ['FORCE_COLOR without a value on a pipe', PIPE, { FORCE_COLOR: '' }, true],
    ['FORCE_COLOR=0', TERMINAL, { FORCE_COLOR: '0' }, false],
    ['NO_COLOR over FORCE_COLOR', TERMINAL, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
    ['TERM=dumb', TERMINAL, { TERM: 'dumb' }, false],
    ['CI on a terminal', TERMINAL, { CI: 'true' }, true],
  ])('%s', (_title, stream, env, color) => expect(terminalTraits(stream, env, flags).color).toBe(color));

  test('--no-color over FORCE_COLOR', () =>
    expect(terminalTraits(TERMINAL, { FORCE_COLOR: '1' }, { noColor: true }).color).toBe(false));
});

test.each([
  ['a terminal', TERMINAL, {}, true],
  ['a pipe', PIPE, {}, false],
  ['TERM=dumb', TERMINAL, { TERM: 'dumb' }, false],
  ['CI', TERMINAL, { CI: '1' }, false],
  ['CI=false', TERMINAL, { CI: 'false' }, true],
])('lines of %s that can be redrawn', (_title, stream, env, isTTY) =>
  expect(terminalTraits(stream, env, flags).isTTY).toBe(isTTY),
);

test.each([
  [TERMINAL, {}, 100],
  [PIPE, {}, 80],
  [PIPE, { COLUMNS: '132' }, 132],
  [{ isTTY: true, columns: 0 }, {}, 80],
  [{ isTTY: true, columns: 5 }, {}, 20],
])('the width of %j with %j is %d', (stream, env, width) =>
  expect(terminalTraits(stream, env, flags).width).toBe(width),
);

test.each([
  [{ LANG: 'C.UTF-8' }, true],
  [{ LANG: 'de_DE.utf8' }, true],
  [{ LC_ALL: 'C', LANG: 'C.UTF-8' }, false],
  [{ LC_ALL: '', LC_CTYPE: 'en_US.UTF-8' }, true],
  [{}, false],
])('UTF-8 in %j: %s', (env, isUnicode) => expect(terminalTraits(TERMINAL, env, flags).isUnicode).toBe(isUnicode));
