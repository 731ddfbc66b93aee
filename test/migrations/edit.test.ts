import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { checksumOf } from '../../src/migrations/checksum.ts';
import { checkAppliedPart } from '../../src/migrations/edit.ts';
import { diffLines } from '../../src/migrations/line-diff.ts';
import { parseMigrationText } from '../../src/migrations/parse.ts';

const NOTED = '-- migrate:up\nCREATE TABLE a (\n  id INT\n);\nCREATE TABLE b (id INT);\nCREATE TABLE c (id INT);';

function parse(text: string) {
  return parseMigrationText(text, { version: '1', name: 'x', baseName: '1_x', checksum: checksumOf(text) });
}

const applied = parse(NOTED)
  .up.slice(0, 2)
  .map(({ digest }, index) => ({ ordinal: index + 1, digest }));

describe('checkAppliedPart', () => {
  test('the part not applied yet may change, comments and line endings anywhere', () => {
    const text = NOTED.replace('c (id', 'c (no')
      .replace('CREATE TABLE b', '-- new\nCREATE TABLE b')
      .replaceAll('\n', '\r\n');
    expect(() => checkAppliedPart(parse(text), NOTED, applied)).not.toThrow();
  });

  test('the applied part may not', () => {
    const edited = parse(NOTED.replace('b (id INT)', 'b (id BIGINT)'));
    let failure: unknown;
    try {
      checkAppliedPart(edited, NOTED, applied);
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({
      message:
        '1_x was edited where it has been applied already:\n…\n    id INT\n  );\n- CREATE TABLE b (id INT);\n+ CREATE TABLE b (id BIGINT);',
      exitCode: 5,
      production: 'unchanged',
      state: 'nothing was started: production still has 2 of its 3 statements',
      next: 'put the applied statements back as they were, then: gateway-migrate resume (or undo them: gateway-migrate rollback)',
    });
  });

  test('nor may it be removed', () => {
    expect(() => checkAppliedPart(parse('-- migrate:up\n'), NOTED, applied)).toThrow('- CREATE TABLE b (id INT);');
  });
});

describe('diffLines', () => {
  test('is empty for equal texts, whatever their line endings', () => {
    expect(diffLines('a\nb\n', '\ufeffa\r\nb')).toEqual([]);
  });

  test('keeps two lines around a change', () => {
    expect(diffLines('1\n2\n3\n4\n5\n6\n7\n8', '1\n2\n3\n4\nx\n6\n7\n8')).toEqual([
      '…',
      '  3',
      '  4',
      '- 5',
      '+ x',
      '  6',
      '  7',
      '…',
    ]);
  });

  test('leads from the one text to the other', () => {
    const lines = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const changes = diffLines(before.join('\n'), after.join('\n'));
        const count = (mark: string) => changes.filter((line) => line.startsWith(mark)).length;
        expect(after.length - before.length).toBe(count('+') - count('-'));
        expect(changes.length === 0).toBe(before.join('\n') === after.join('\n'));
      }),
    );
  });
});
