import * as z from 'zod/mini';
import { Secret } from '../system/secret.ts';
import {
  DURATION,
  EXPRESSION,
  PERCENTAGE,
  parseDuration,
  parseExpression,
  parsePercentage,
  parseSize,
  SIZE,
} from './units.ts';

// Kinds of value that the configuration is made of. The message of every schema completes the sentence "expected …".

/** Attaches what editors show beside the key. */
export function described<T extends z.core.$ZodType>(description: string, schema: T): T {
  z.globalRegistry.add(schema, { description });
  return schema;
}

/** A mapping with known keys only, none of them required. */
export function section<T extends z.core.$ZodLooseShape>(shape: T) {
  return z.prefault(z.strictObject(shape, 'a mapping'), {} as never);
}

/** A mapping with known keys only, some of them required when it is there. */
export function optionalSection<T extends z.core.$ZodLooseShape>(shape: T) {
  return z.optional(z.strictObject(shape, 'a mapping'));
}

export function text(expected = 'text (put numbers and special characters in quotes)') {
  return z.string(expected).check(z.minLength(1, expected));
}

export function secret(expected = 'text in quotes') {
  return z.pipe(
    z.string(expected),
    z.transform((value: string) => new Secret(value)),
  );
}

/** Also takes the digits as text, which is what `${NAME}` and the environment give. */
export function wholeNumber(min: number, max: number) {
  const expected = `a whole number from ${min} to ${max}`;
  const number = z.int(expected).check(z.minimum(min, expected), z.maximum(max, expected));
  const digits = z.string().check(z.regex(/^\d{1,15}$/));
  return z.union([number, z.pipe(z.pipe(digits, z.transform(Number)), number)], expected);
}

/** Also takes the words as text, which is what `${NAME}` and the environment give. */
export function flag() {
  const words = z.pipe(
    z.enum(['true', 'false']),
    z.transform((word) => word === 'true'),
  );
  return z.union([z.boolean(), words], 'true or false');
}

export function oneOf<const T extends readonly [string, ...string[]]>(choices: T) {
  return z.enum(choices, `one of ${choices.join(', ')}`);
}

/** Milliseconds. */
export function duration() {
  const expected = 'a duration such as 90s, 30m or 2h';
  return z.pipe(
    z.string(expected).check(z.regex(DURATION, expected)),
    z.transform((value: string) => parseDuration(value) as number),
  );
}

/** Bytes. */
export function size() {
  const expected = 'a size such as 500MB or 2GB';
  return z.pipe(
    z.string(expected).check(z.regex(SIZE, expected)),
    z.transform((value: string) => parseSize(value) as number),
  );
}

/** A share, written in percent. */
export function percentage() {
  const expected = 'a percentage such as 1% or 50%';
  return z.pipe(
    z.string(expected).check(z.regex(PERCENTAGE, expected)),
    z.transform((value: string) => parsePercentage(value) as number),
  );
}

/** A text, or a regular expression between slashes. */
export function pattern() {
  const expected = 'a text, or a /regular expression/';
  return text(expected).check(
    z.refine((value: string) => !EXPRESSION.test(value) || parseExpression(value) !== undefined, expected),
  );
}

/** `table.column`, unquoted. */
export function column() {
  const expected = 'a column as table.column';
  return z.pipe(
    z.string(expected).check(z.regex(/^[^.`]+\.[^.`]+$/, expected)),
    z.transform((value: string) => {
      const [table = '', name = ''] = value.split('.');
      return { table, column: name };
    }),
  );
}

export function list<T extends z.core.$ZodType>(of: T, expected = 'a list') {
  return z._default(z.array(of, expected), []);
}

/** A program and its arguments, run without a shell. */
export function argv(expected = 'a command as a list: [program, argument, …]') {
  return z.array(z.string(expected), expected).check(z.minLength(1, expected));
}

export function webAddress() {
  const expected = 'an address that begins with http:// or https://';
  return z.string(expected).check(z.regex(/^https?:\/\/[^\s/]+/, expected));
}
