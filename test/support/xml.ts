/** An element as a reader of XML sees it. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  text: string;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const TOKEN = /<\?xml[^?]*\?>|<(\/?)([\w.:-]+)((?:\s+[\w.:-]+="[^"<]*")*)\s*(\/?)>|[^<]+/gy;

/** Reads elements, attributes and text; throws where a strict parser would. */
export function parseXml(source: string): XmlElement {
  if (/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u.test(source))
    throw new Error('no character of XML');
  const root: XmlElement = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(source);
    if (!match) throw new Error(`not well-formed: ${source.slice(at, at + 80)}`);
    const [whole, end, name, attributes = '', empty] = match;
    const top = open.at(-1) as XmlElement;
    if (name === undefined) {
      if (!whole.startsWith('<?xml')) top.text += decoded(whole);
    } else if (end) {
      if (open.pop()?.name !== name) throw new Error(`</${name}> ends nothing`);
    } else {
      const pairs = [...attributes.matchAll(/([\w.:-]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [
        key,
        decoded(value),
      ]);
      if (new Set(pairs.map(([key]) => key)).size < pairs.length)
        throw new Error(`an attribute of ${name} is there twice`);
      const element: XmlElement = { name, attributes: Object.fromEntries(pairs), children: [], text: '' };
      top.children.push(element);
      if (!empty) open.push(element);
    }
  }
  const [only, ...more] = root.children;
  if (!only || more.length > 0 || open.length > 1 || root.text.trim() !== '') throw new Error('not one whole element');
  return only;
}

function decoded(text: string): string {
  return text.replace(/&(\w*);?/g, (_, name: string) => {
    const value = ENTITIES[name];
    if (value === undefined) throw new Error(`&${name} is no entity of XML`);
    return value;
  });
}
