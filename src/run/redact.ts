import type { Secret } from '../system/secret.ts';

export type Redact = (text: string) => string;

const MASK = '••••••••';

/**
 * Shorter values are left alone: masking every `a` would destroy the text, and show by the gaps what the secret is.
 */
const SHORTEST_SECRET = 4;

/**
 * The last line of defence behind `Secret`: replaces every occurrence of a secret that reached a text after all
 * (in a server's message, a program's output, a URL), as it is and as it looks escaped.
 */
export function redactor(secrets: readonly Secret[]): Redact {
  const forms = [...new Set(secrets.map((secret) => secret.reveal()).flatMap(writtenForms))]
    .filter((form) => form.length >= SHORTEST_SECRET)
    // The longest first: an alternation takes the first that fits, and an escaped form may begin with a plain one.
    .sort((a, b) => b.length - a.length);
  if (forms.length === 0) return UNCHANGED;
  const pattern = new RegExp(forms.map((form) => form.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'), 'g');
  return (text) => text.replace(pattern, MASK);
}

const UNCHANGED: Redact = (text) => text;

/** A value as it is, and as URLs, JSON, SQL, option files, shells and HTML write it. */
function writtenForms(value: string): string[] {
  if (value.length < SHORTEST_SECRET) return [];
  const percent = percentEncoded(value);
  const form = percent.replaceAll('%20', '+');
  return [
    value,
    percent,
    lowerCaseEscapes(percent),
    form,
    lowerCaseEscapes(form),
    userInfo(value),
    JSON.stringify(value).slice(1, -1),
    value.replace(/[\\'"]/g, '\\$&'),
    value.replaceAll("'", "''"),
    value.replaceAll('\\', '\\\\'),
    value.replaceAll("'", "'\\''"),
    value.replace(/[\\"$`]/g, '\\$&'),
    value
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#39;'),
  ];
}

function percentEncoded(value: string): string {
  // A lone surrogate would make it throw; as UTF-8 it becomes the replacement character.
  return encodeURIComponent(Buffer.from(value).toString());
}

function lowerCaseEscapes(encoded: string): string {
  return encoded.replace(/%[0-9A-F]{2}/g, (octet) => octet.toLowerCase());
}

/** As the URL standard writes a password; it encodes other characters than `encodeURIComponent`. */
function userInfo(value: string): string {
  const url = new URL('smtp://user@host');
  url.password = value;
  return url.password;
}

/** Words of the event's own vocabulary. A password that equals one (`deploy`) must not break who reads the events. */
const VOCABULARY = new Set(['type', 'at', 'run', 'command', 'result', 'production', 'level', 'unit', 'direction']);

/** A copy of an event with every text in it redacted, at any depth; the event itself where there is no secret. */
export function redactEvent<E extends { readonly type: string }>(event: E, redact: Redact): E {
  if (redact === UNCHANGED) return event;
  const entries = Object.entries(event).map(([key, value]) => [
    key,
    VOCABULARY.has(key) ? value : redactDeep(value, redact),
  ]);
  return Object.fromEntries(entries) as E;
}

/** A copy with every text in it redacted, at any depth. */
export function redactText<T>(value: T, redact: Redact): T {
  return redactDeep(value, redact) as T;
}

function redactDeep(value: unknown, redact: Redact): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map((item) => redactDeep(item, redact));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, redactDeep(inner, redact)]));
}
