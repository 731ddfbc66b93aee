import { expect, test } from 'vitest';
import { junitXml } from '../../src/report/junit.ts';
import { parseXml } from '../support/xml.ts';

const EVIL = 'a <b> & "c" \u0000\u001b[1m\ud800 ü 😀 ]]>';

test('checks as JUnit XML that a strict parser reads', () => {
  const about = { type: 'check', group: 'schema' } as const;
  const xml = junitXml(
    [
      { ...about, name: 'fine', ok: true, level: 'error', detail: 'yes' },
      { ...about, name: EVIL, ok: false, level: 'error', detail: `${EVIL}\nsecond`, remedy: 'ALTER TABLE `t` …' },
      { ...about, group: 'tenant', name: 'soft', ok: false, level: 'warning', detail: 'a < b' },
    ],
    1_234,
  );
  const shown = 'a <b> & "c" \ufffd\ufffd[1m\ufffd ü 😀 ]]>';
  const root = parseXml(xml);
  expect(root.attributes).toEqual({
    name: 'gateway-migrate verify',
    tests: '3',
    failures: '1',
    errors: '0',
    time: '1.234',
  });
  expect(root.children.map(({ attributes }) => attributes)).toEqual([
    { name: 'schema', tests: '2', failures: '1', errors: '0', skipped: '0' },
    { name: 'tenant', tests: '1', failures: '0', errors: '0', skipped: '0' },
  ]);
  const [fine, evil, soft] = root.children.flatMap(({ children }) => children);
  expect([fine?.attributes, fine?.children]).toEqual([{ classname: 'schema', name: 'fine' }, []]);
  expect(evil?.attributes.name).toBe(shown);
  expect(evil?.children).toEqual([
    {
      name: 'failure',
      attributes: { type: 'error', message: shown },
      children: [],
      text: `${shown}\nsecond\nALTER TABLE \`t\` …`,
    },
  ]);
  expect(soft?.children).toMatchObject([{ name: 'system-out', text: 'warning: a < b' }]);
});

test('the reader of the tests is strict', () => {
  for (const bad of [
    '<a>',
    '<a></b>',
    '<a b="<"/>',
    '<a/><a/>',
    '<a>&nope;</a>',
    '<a>\u0000</a>',
    '<a b="1" b="2"/>',
    '<a>&</a>',
  ]) {
    expect(() => parseXml(bad), bad).toThrow();
  }
});
