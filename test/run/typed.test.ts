import { expect, test } from 'vitest';
import { leadingTo, phraseEvent } from '../../src/run/typed.ts';

test.each([
  [undefined, 'gateway-migrate resume', 'gateway-migrate resume'],
  [
    'b.yaml',
    'gateway-migrate resume, or: gateway-migrate rollback',
    'gateway-migrate --config b.yaml resume, or: gateway-migrate --config b.yaml rollback',
  ],
  [
    "my $& 'b'.yaml",
    'mend it, then: gateway-migrate doctor',
    "mend it, then: gateway-migrate --config 'my $& '\\''b'\\''.yaml' doctor",
  ],
  [
    'b.yaml',
    'gateway-migrate.config.yaml, gateway-migrate --version',
    'gateway-migrate.config.yaml, gateway-migrate --version',
  ],
])('with --config %s, %s', (config, text, typed) => expect(leadingTo(config)(text)).toBe(typed));

test('statements stay what they are', () => {
  const phrase = leadingTo('b.yaml');
  const sql = "INSERT INTO notes VALUES ('gateway-migrate deploy')";
  const statement = { type: 'statement.started', version: '1', ordinal: 1, of: 1, direction: 'up', sql } as const;
  expect(phraseEvent(statement, phrase)).toEqual(statement);
  expect(phraseEvent({ type: 'note', level: 'info', text: 'gateway-migrate deploy' }, phrase)).toEqual({
    type: 'note',
    level: 'info',
    text: 'gateway-migrate --config b.yaml deploy',
  });
});

test('a verdict says what to type as every end does', () => {
  const verdict = { type: 'verdict', verdict: 'minor', checkpoint: '60 s', because: ['a queue'] } as const;
  expect(phraseEvent({ ...verdict, next: 'gateway-migrate monitor --run r1' }, leadingTo('b.yaml'))).toEqual({
    ...verdict,
    next: 'gateway-migrate --config b.yaml monitor --run r1',
  });
});
