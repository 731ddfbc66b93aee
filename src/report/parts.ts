import { html, Markup } from './html.ts';

const LONGEST_TEXT = 600;

/** Text that is markup of our own: nothing in it is escaped. */
export function raw(text: string): Markup {
  return new Markup(text);
}

export function section(title: string, body: Markup): Markup {
  return html`<section><h2>${title}</h2>${body}</section>`;
}

/** A column named `Took` is aligned to the right; one without a name is called `Result`. */
export function table(head: readonly string[], rows: readonly (readonly (string | Markup)[])[]): Markup {
  const last = head.length - 1;
  const kind = (index: number) => (index === last && head[last] === 'Took' ? 'number' : '');
  return html`<table><thead><tr>${head.map((cell, index) => html`<th scope="col" class="${kind(index)}">${cell || raw('<span>Result</span>')}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell, index) => html`<td class="${kind(index)}">${cell}</td>`)}</tr>`)}</tbody></table>`;
}

/** A page is no log: of a long text it has the beginning. */
export function short(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}
