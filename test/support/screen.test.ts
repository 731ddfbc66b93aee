import { describe, expect, test } from 'vitest';
import { Screen } from './screen.ts';

function shown(data: string | string[], cols = 10, rows = 3): string {
  const screen = new Screen(cols, rows);
  for (const chunk of [data].flat()) screen.write(chunk);
  return screen.text();
}

describe('a screen', () => {
  test.each([
    ['lines', 'a\r\nb', 'a\nb'],
    ['a line feed without return', 'a\nb', 'a\n b'],
    ['overwriting', 'abc\rx', 'xbc'],
    ['backspace', 'ab\bc', 'ac'],
    ['tabs', 'a\tb', 'a       b'],
    ['a full line, wrapped at the next character only', '0123456789\r\nb', '0123456789\nb'],
    ['wrapping', '0123456789a', '0123456789\na'],
    ['wide characters', '日本\x1b[1G語', '語本'],
    ['a wide character that does not fit', '012345678日', '012345678\n日'],
    ['colours', '\x1b[1;31mred\x1b[0m', 'red'],
    ['erasing to the end', 'abc\x1b[2D\x1b[K', 'a'],
    ['erasing to the start', 'abc\x1b[2D\x1b[1K', '  c'],
    ['erasing the line', 'abc\x1b[2K', ''],
    ['moving up and to a column', 'a\r\nb\x1b[1A\x1b[3Gc', 'a c\nb'],
    ['moving to a place', '\x1b[2;3Hx', '\n  x'],
    ['erasing below', 'a\r\nb\r\nc\x1b[2A\x1b[J', 'a'],
    ['erasing all', 'a\r\nb\x1b[2Jc', '\n c'],
    ['saving the cursor', 'a\x1b7b\x1b8c', 'ac'],
    ['hiding the cursor', '\x1b[?25la\x1b[?25h', 'a'],
    ['a window title', '\x1b]0;title\x07a', 'a'],
    ['deleting characters', 'abc\r\x1b[1P', 'bc'],
  ])('shows %s', (_title, data, expected) => expect(shown(data)).toBe(expected));

  test('understands a sequence that arrives in pieces', () => expect(shown(['ab\x1b', '[1', 'D', 'c'])).toBe('ac'));

  test('scrolls, and remembers what went', () => {
    const screen = new Screen(10, 2);
    screen.write('a\r\nb\r\nc\x1b[9Ax');
    expect(screen.text()).toBe('bx\nc');
    expect(screen.transcript()).toBe('a\nbx\nc');
  });
});
