import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SharedRows } from '../../../src/backup/load/shared-rows.ts';

const REST = '/*!40000 ALTER TABLE `t` ENABLE KEYS */;\nCREATE TRIGGER x BEGIN\nINSERT INTO `t` VALUES\n(1);\nEND;;\n';
const FORMS = {
  MySQL: [
    "INSERT INTO `t` VALUES (1,'a;\\n('),(2,';');\n",
    'INSERT INTO `t` VALUES (3);\n',
    'INSERT INTO `t` (`a`) VALUES (4);\n',
  ],
  MariaDB: [
    "INSERT INTO `t` VALUES\n(1,'a;\\n('),\n(2,';');\n",
    'INSERT INTO `t` VALUES\n(3);\n',
    'INSERT INTO `t` VALUES\n(4),\n(5);\n',
  ],
};

/** Takes SQL as a client does, and notes when the server would have carried it out. */
function recorder(log: string[], name: string) {
  let fed = '';
  return {
    async feed(_: string | undefined, sql: AsyncIterable<Buffer> | string) {
      if (typeof sql === 'string') return;
      let text = '';
      for await (const chunk of sql) text += chunk.toString('latin1');
      fed += text;
      log.push(text);
      await new Promise(setImmediate);
    },
    settle: async () => void log.push(`${name} settled`),
    fed: () => fed,
  };
}

async function* cutAt(text: string, places: readonly number[]): AsyncGenerator<Buffer> {
  const ends = [...new Set(places.map((place) => place % text.length))].sort((a, b) => a - b);
  for (const [index, end] of [...ends, text.length].entries()) yield Buffer.from(text.slice(ends[index - 1] ?? 0, end));
}

describe('rows that several clients load', () => {
  it.each(Object.entries(FORMS))(
    'are handed out by whole statements of %s, and what follows them once all are there',
    async (_, inserts) => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat(), { maxLength: 12 }), async (places) => {
          const log: string[] = [];
          const rows = new SharedRows('table t', cutAt(inserts.join('') + REST, places));
          const [first, second] = [recorder(log, 'first'), recorder(log, 'second')];
          await Promise.all([rows.load(first), rows.load(second)]);
          expect(log.filter((entry) => !entry.endsWith('settled'))).toEqual([...inserts, REST]);
          expect(second.fed()).not.toContain('ALTER TABLE');
          expect(second.fed()).not.toBe('');
          expect(log.indexOf('second settled')).toBeLessThan(log.indexOf(REST));
        }),
      );
    },
  );

  it('stay with one client where something else stands in front of them', async () => {
    const log: string[] = [];
    const body = `set autocommit=0;\n${FORMS.MariaDB.join('')}${REST}`;
    const rows = new SharedRows('table t', cutAt(body, [5, 40]));
    const [first, second] = [recorder(log, 'first'), recorder(log, 'second')];
    await Promise.all([rows.load(first), rows.load(second)]);
    expect([first.fed(), second.fed()]).toEqual([body, '']);
  });

  it('are not followed by anything when one client fails', async () => {
    const log: string[] = [];
    const rows = new SharedRows('table t', cutAt(FORMS.MySQL.join('') + REST, []));
    const failing = { ...recorder(log, 'second'), settle: () => Promise.reject(new Error('ended')) };
    const loads = [rows.load(recorder(log, 'first')), rows.load(failing)];
    expect((await Promise.allSettled(loads)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(log).not.toContain(REST);
  });
});
