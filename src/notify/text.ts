import { html } from '../report/html.ts';
import type { Message } from './message.ts';

/** As plain text: mails, and who cannot show more. */
export function asText({ title, facts, next }: Message): string {
  const rows = facts.map(([label, value]) => `${label}: ${value.replaceAll('\n', '\n  ')}`);
  return [title, '', ...rows, ...(next.length > 0 ? ['', 'Next:', ...next.map((step) => `  ${step}`)] : []), ''].join(
    '\n',
  );
}

export function asHtml({ title, facts, next }: Message): string {
  const rows = facts.map(
    ([label, value]) =>
      html`<tr><th align="left" valign="top" style="padding:2px 12px 2px 0">${label}</th><td style="white-space:pre-wrap">${value}</td></tr>`,
  );
  const steps = next.length > 0 && html`<p>Next:</p><pre>${next.join('\n')}</pre>`;
  return html`<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><body style="font-family:sans-serif"><h2>${title}</h2><table>${rows}</table>${steps}</body></html>`
    .text;
}

/** Slack reads `<`, `>` and `&` as its own (api.slack.com, "Escaping text"), and takes 3,000 characters a block. */
const LONGEST_BLOCK = 2_900;

/** Blocks, and the same as text for who cannot show them. */
export function asSlack(message: Message): { readonly text: string; readonly blocks: readonly unknown[] } {
  const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const cut = (text: string) => (text.length > LONGEST_BLOCK ? `${text.slice(0, LONGEST_BLOCK)}…` : text);
  const rows = message.facts.map(([label, value]) => `*${escaped(label)}:* ${escaped(value)}`).join('\n');
  const next = message.next.map((step) => `\`${escaped(step)}\``).join('\n');
  const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text: cut(text) } });
  return {
    text: escaped(asText(message)),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: message.title.slice(0, 150) } },
      ...(rows ? [section(rows)] : []),
      ...(next ? [section(`*Next:*\n${next}`)] : []),
      { type: 'context', elements: [{ type: 'mrkdwn', text: escaped(`${message.run} · ${message.id}`) }] },
    ],
  };
}
