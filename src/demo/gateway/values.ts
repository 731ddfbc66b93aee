/** SQL expressions over the row number `n`: the same rows every time, on every server, and no randomness to wait for. */

const FIRST_NAMES = [
  'Anna',
  'Jonas',
  'Zoë',
  'Mehmet',
  'François',
  'Łukasz',
  'Søren',
  'Aylin',
  'Björn',
  'Chloé',
  'José',
  'Müge',
  'Noah',
  'Emilia',
  'Iván',
  'Greta',
  'Đorđe',
  '美咲',
  'Владимир',
];
const LAST_NAMES = [
  'Müller',
  'Schmidt',
  "O'Neill",
  'Yılmaz',
  'Dvořák',
  'Nguyễn',
  'Weiß',
  'Ferreira',
  'Kowalski',
  'Åberg',
  'García',
  'Öztürk',
  'Lefèvre',
  'Novak',
  'Fischer',
  'van der Berg',
  '佐藤',
];
const TRADES = [
  'Zahnarztpraxis',
  'Physiotherapie',
  'Kanzlei',
  'Friseursalon',
  'Tierklinik',
  'Autohaus',
  'Kosmetikstudio',
  'Hausarztpraxis',
  'Optiker',
];
const TITLES = [
  'Erstgespräch',
  'Kontrolltermin 🦷',
  'Färben & Schneiden',
  'Beratung',
  'Prüfung "A"',
  'Inspektion',
  'Nachsorge',
  'Impfung',
  'Rückruf',
  'Massage 50%',
];
const SENTENCES = [
  "Der Kunde bittet um Rückruf; er sagte: \\'morgen früh\\'.",
  'Termin verschoben -- auf Wunsch.',
  'Ruft wegen Preis an (60 €).',
  'Line one\\nline two\\twith a tab',
  'C:\\\\Termine\\\\2025',
  'Alles gut 👍',
  '/* no comment */ #1',
];
const STREETS = ['Hauptstraße', 'Bahnhofstraße', 'Am Markt', 'Rosenweg', 'Schloßallee', 'Königsplatz'];
const CITIES = ['Berlin', 'München', 'Köln', 'Zürich', 'Wien', 'Graz', 'Nürnberg', 'Saarbrücken'];
const AGENTS = [
  'Mozilla/5.0 (X11; Linux x86_64) Firefox/131.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Safari/604.1',
  'curl/8.5.0',
];

/** `FIRST_DAY` … one year and eleven months later: before the day of the first deployment. */
const FIRST_DAY = '2023-10-30';
const DAYS = 700;

const PRIMES = [7919, 104729, 1299709, 611953, 15485863, 86028121];

/** A whole number of 0 … `below` - 1 that hops about as `n` grows; `salt` makes columns differ. */
export function hop(below: number, salt: string): string {
  const code = [...salt].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 99_991, 7);
  return `MOD(n * ${PRIMES[code % PRIMES.length]} + ${code}, ${below})`;
}

/** One of several texts; they stand in the SQL as they are (quotes and backslashes already escaped). */
export function pick(texts: readonly string[], salt: string): string {
  const list = texts.map((text) => `'${text.replaceAll(/(?<!\\)'/g, "''")}'`);
  return `ELT(1 + ${hop(texts.length, salt)}, ${list.join(', ')})`;
}

/** A UUID that depends on `kind` and the row's number alone. */
export function uuid(kind: string, number: string): string {
  const hex = `LEFT(SHA2(CONCAT('${kind}', ${number}), 256), 32)`;
  const dashed = [9, 14, 19, 24].reduce((text, at) => `INSERT(${text}, ${at}, 0, '-')`, hex);
  return `INSERT(${dashed}, 15, 1, '4')`;
}

export const firstName = (salt: string) => pick(FIRST_NAMES, salt);
export const lastName = (salt: string) => pick(LAST_NAMES, salt);
export const title = (salt: string) => pick(TITLES, salt);
export const sentence = (salt: string) => pick(SENTENCES, salt);
export const companyName = () => `CONCAT(${pick(TRADES, 'trade')}, ' ', ${pick(LAST_NAMES, 'owner')}, ' ', n)`;
export const phone = (salt: string) => `CONCAT('+49', 30 + ${hop(60, salt)}, LPAD(n, 8, '0'))`;
export const email = (salt: string) => `CONCAT('${salt}', n, '@example.org')`;
export const day = (salt: string) => `DATE('${FIRST_DAY}') + INTERVAL ${hop(DAYS, salt)} DAY`;
export const moment = (salt: string) => `TIMESTAMP('${FIRST_DAY}') + INTERVAL ${hop(DAYS * 86_400, salt)} SECOND`;
export const money = (salt: string) => `${hop(50_000, salt)} / 100`;

export const json = (salt: string) =>
  `JSON_OBJECT('source', ${pick(['api', 'phone', 'web', 'import'], salt)}, 'attempt', ${hop(5, salt)}, 'labels', JSON_ARRAY('neu', 'größe', ${hop(1000, salt)}), 'note', ${title(salt)})`;

const BY_NAME: readonly (readonly [RegExp, (column: string) => string])[] = [
  [/street/, (column) => `CONCAT(${pick(STREETS, column)}, ' ', 1 + ${hop(180, column)})`],
  [/city/, (column) => pick(CITIES, column)],
  [/postal_code/, (column) => `10000 + ${hop(89_999, column)}`],
  [/country/, (column) => pick(['DE', 'AT', 'CH'], column)],
  [/locale|language/, (column) => pick(['de', 'en', 'tr', 'fr'], column)],
  [/currency|base|quote/, (column) => pick(['EUR', 'USD', 'CHF', 'GBP'], column)],
  [/colour/, (column) => `CONCAT('#', LPAD(HEX(${hop(16_777_216, column)}), 6, '0'))`],
  [/hostname/, () => `CONCAT('praxis', n, '.example.org')`],
  [/path|file/, (column) => `CONCAT('tenants/', company_id, '/${column}/', n, '.bin')`],
  [/user_agent/, (column) => pick(AGENTS, column)],
  [/body|description|reason|comment|message|notes?$|detail|error|purpose|summary|exception|trace/, sentence],
  [/person|signed_by|author/, (column) => `CONCAT(${firstName(column)}, ' ', ${lastName(column)})`],
  [/name|title|subject|label|caption|product/, title],
];

/** A believable text for a column of this name. */
export function textFor(column: string): string {
  const known = BY_NAME.find(([pattern]) => pattern.test(column));
  return known === undefined ? `CONCAT('${column}-', ${hop(97, column)})` : known[1](column);
}
