import iconv from 'iconv-lite';
import type { LexicalModes } from '../../migrations/sql/lexer.ts';
import { Tokens } from '../../migrations/sql/tokens.ts';
import type { Session } from '../../mysql/connect.ts';
import type { QueryEvent } from '../events/query-event.ts';
import type { Collations } from '../session.ts';

/** A statement's text, and the character set that the server has to take it for. */
export interface DecodedText {
  readonly text: string;
  readonly charset: string;
}

/** The server's character sets of clients, by the library's names. What it makes of them is compared with the server's own. */
const ENCODINGS: ReadonlyMap<string, string> = new Map([
  ['latin1', 'windows1252'],
  ['latin2', 'iso88592'],
  ['latin5', 'iso88599'],
  ['latin7', 'iso885913'],
  ['greek', 'iso88597'],
  ['hebrew', 'iso88598'],
  ['cp1250', 'windows1250'],
  ['cp1251', 'windows1251'],
  ['cp1256', 'windows1256'],
  ['cp1257', 'windows1257'],
  ['cp850', 'cp850'],
  ['cp852', 'cp852'],
  ['cp866', 'cp866'],
  ['koi8r', 'koi8r'],
  ['koi8u', 'koi8u'],
  ['tis620', 'tis620'],
  ['gbk', 'gbk'],
  ['gb2312', 'gb2312'],
  ['gb18030', 'gb18030'],
  ['big5', 'big5'],
  ['sjis', 'shiftjis'],
  ['cp932', 'shiftjis'],
  ['ujis', 'eucjp'],
  ['eucjpms', 'eucjp'],
  ['euckr', 'euckr'],
]);
/** `_latin1'…'`, `N'…'`: the bytes of the literal stay as they are, whatever the client's character set is. */
const INTRODUCER = /^(?:_[a-z0-9]+|n)$/i;
const UNKNOWN = '\ufffd';

/**
 * PURE. Statements are in the log in the character set of the client that sent them. Our connection sends UTF-8, so that
 * text in UTF-8, and text that is ASCII alone, can be sent as it was. Undefined: it cannot be said in UTF-8 here.
 */
export function decodeText(
  { text, session }: QueryEvent,
  { byId }: Collations,
  modes: LexicalModes,
): DecodedText | undefined {
  const id = session.charset?.[0];
  const charset = id === undefined ? 'utf8mb4' : byId.get(id)?.charset;
  if (isAscii(text)) return { text: text.toString('latin1'), charset: charset ?? `${id}` };
  if (charset === 'utf8mb4' || charset === 'utf8mb3' || charset === 'utf8') {
    const decoded = text.toString('utf8');
    // Bytes that are no UTF-8 stand in literals of bytes.
    return Buffer.from(decoded, 'utf8').equals(text) ? { text: decoded, charset } : undefined;
  }
  const decoded = decodeAs(charset, text);
  if (decoded === undefined || decoded.includes(UNKNOWN) || hasBytes(decoded, modes)) return undefined;
  return { text: decoded, charset: 'utf8mb4' };
}

function decodeAs(charset: string | undefined, text: Buffer): string | undefined {
  const encoding = ENCODINGS.get(charset ?? '');
  if (encoding === undefined) return undefined;
  if (charset !== 'latin1') return iconv.decode(text, encoding);
  // The servers have a sign for each byte, also for the five that Windows-1252 leaves out.
  return Array.from(text, (byte) => {
    const sign = iconv.decode(Buffer.of(byte), encoding);
    return sign === UNKNOWN ? String.fromCharCode(byte) : sign;
  }).join('');
}

function hasBytes(text: string, modes: LexicalModes): boolean {
  const tokens = new Tokens(text, modes);
  for (let token = tokens.next(); token; token = tokens.next()) {
    const next = tokens.peek();
    if (token.kind === 'word' && INTRODUCER.test(token.text) && next?.kind === 'string' && !isPlain(next.text)) {
      return true;
    }
  }
  return false;
}

/** Whether the server understands the bytes as we do; nothing else may be sent in their place. */
export async function isAsServerReads(
  { text, session }: QueryEvent,
  decoded: DecodedText,
  { byId }: Collations,
  connection: Session,
): Promise<boolean> {
  const charset = byId.get(session.charset?.[0] ?? -1)?.charset;
  if (charset === undefined || charset === decoded.charset || isAscii(text)) return true;
  const [row] = await connection.query<{ bytes: string }>(
    `SELECT HEX(CONVERT(_${charset} x'${text.toString('hex')}' USING utf8mb4)) AS bytes`,
  );
  return row?.bytes === Buffer.from(decoded.text, 'utf8').toString('hex').toUpperCase();
}

function isAscii(text: Buffer): boolean {
  return text.every((byte) => byte < 128);
}

function isPlain(text: string): boolean {
  return isAscii(Buffer.from(text, 'utf8'));
}
