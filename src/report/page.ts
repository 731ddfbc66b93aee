import { windowOf } from '../terminal/closing.ts';
import { formatDuration } from '../terminal/style.ts';
import { TOOL_VERSION } from '../version.ts';
import { html, type Markup } from './html.ts';
import { headlineOf, type Story, stateOf, type ToldStatement } from './story.ts';
import { STYLE } from './style.ts';
import { timeline } from './timeline.ts';

/** A page must be readable in a mail: of so many statements each is shown, the others are counted. */
const MOST_STATEMENTS = 500;
const LONGEST_SQL = 300;
const MOST_CHECKS = 400;
const LONGEST_TEXT = 600;

/** One self-contained page: no script, nothing loaded, everything escaped. PURE. */
export function renderPage(story: Story): string {
  const headline = headlineOf(story);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>${headline}</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<main>
<header>
<h1>${headline}</h1>
<p class="state ${stateClass(story)}">${stateOf(story)}</p>
${facts(story)}
</header>
${failure(story)}
${section('Timeline', html`${timeline(story)}${stepTable(story)}`)}
${migrations(story)}
${statements(story)}
${checks(story)}
${notes(story)}
${summaries(story)}
${section('Type next', html`<pre>${nextOf(story)}</pre>`)}
</main>
</body>
</html>
`;
  return page.text;
}

function raw(text: string): Markup {
  return html([text] as unknown as TemplateStringsArray);
}

function stateClass({ finished }: Story): string {
  if (!finished || finished.production === 'unknown') return 'warn';
  return finished.result === 'ok' ? 'good' : 'bad';
}

function facts(story: Story): Markup {
  const { finished } = story;
  const rows: [string, string | undefined][] = [
    ['Run', story.run],
    ['Started', story.startedAt],
    ['Took', finished && formatDuration(finished.ms)],
    ['Site down', finished && windowOf(finished)],
    ['Exit code', finished && String(finished.exitCode)],
    ['Backup', finished?.backup],
    ['Rows saved', finished?.saved],
    ['Rows loaded back', finished?.loaded?.join(', ')],
    ['Log', story.logFile],
    ['Made by', `gateway-migrate ${TOOL_VERSION}`],
  ];
  return definitions(rows);
}

function definitions(rows: readonly (readonly [string, string | undefined])[]): Markup {
  const given = rows.filter((row): row is readonly [string, string] => row[1] !== undefined && row[1] !== '');
  return html`<dl>${given.map(([label, value]) => html`<dt>${label}</dt><dd>${value}</dd>`)}</dl>`;
}

function section(title: string, body: Markup): Markup {
  return html`<section><h2>${title}</h2>${body}</section>`;
}

function failure({ finished }: Story): Markup | undefined {
  if (!finished?.error) return undefined;
  return section('What failed', html`<p class="bad">${finished.error.what}</p>`);
}

function stepTable({ steps }: Story): Markup {
  return table(
    ['Step', 'What came of it', 'Took'],
    steps.map((step) => [
      step.title,
      step.error === undefined
        ? html`${short(step.detail ?? (step.ms === undefined ? 'it had not ended' : ''))}`
        : html`<span class="bad">${step.error}</span>`,
      step.ms === undefined ? '' : formatDuration(step.ms),
    ]),
  );
}

function migrations({ migrations }: Story): Markup | undefined {
  if (migrations.length === 0) return undefined;
  const rows = migrations.map(({ version, name, direction, ms }) => {
    return [`${version} ${name}${direction === 'down' ? ' (undone)' : ''}`, formatDuration(ms)];
  });
  return section('Migrations', table(['Migration', 'Took'], rows));
}

function statements({ statements }: Story): Markup | undefined {
  if (statements.length === 0) return undefined;
  const shown = statements.slice(0, MOST_STATEMENTS);
  const more = statements.length - shown.length;
  const body = html`${table(['Statement', 'Rows', 'Took'], shown.map(statementRow))}
${more > 0 && html`<p class="quiet">and ${more} more: they stand in the log</p>`}`;
  return section('Statements', html`<details><summary>${statements.length} statements</summary>${body}</details>`);
}

function statementRow(one: ToldStatement): (string | Markup)[] {
  const place = `${one.version}, ${one.ordinal} of ${one.of}${one.direction === 'down' ? ', way back' : ''}`;
  const text = one.sql.length > LONGEST_SQL ? `${one.sql.slice(0, LONGEST_SQL)}…` : one.sql;
  const warnings = one.warnings.map((warning) => html`<p class="warn">${short(warning)}</p>`);
  const sql = html`<span class="quiet">${place}</span><pre>${text}</pre>${warnings}`;
  return [sql, String(one.rows ?? ''), one.ms === undefined ? 'not ended' : formatDuration(one.ms)];
}

function checks({ checks }: Story): Markup | undefined {
  if (checks.length === 0) return undefined;
  const broken = checks.filter(({ ok, level }) => !ok && level !== 'hint');
  const holding = checks.filter(({ ok }) => ok);
  const rows = (some: Story['checks']) =>
    some
      .slice(0, MOST_CHECKS)
      .map((check) => [
        html`<span class="verdict ${check.ok ? 'good' : check.level === 'error' ? 'bad' : 'warn'}">${check.ok ? 'holds' : check.level}</span>`,
        `${check.group}: ${check.name}`,
        html`${short(check.detail)}${!check.ok && check.remedy && html`<pre>${check.remedy}</pre>`}`,
      ]);
  const head = ['', 'Check', 'Found'];
  return section(
    'Checks',
    html`${broken.length > 0 && table(head, rows(broken))}
${holding.length > 0 && html`<details><summary>${holding.length} ${holding.length === 1 ? 'check holds' : 'checks hold'}</summary>${table(head, rows(holding))}</details>`}`,
  );
}

function notes({ notes }: Story): Markup | undefined {
  const told = notes.filter(({ level }) => level !== 'debug');
  if (told.length === 0) return undefined;
  return section(
    'Notes',
    html`${told.map(({ level, text }) => html`<p class="${level === 'warning' ? 'warn' : 'quiet'}">${short(text)}</p>`)}`,
  );
}

function summaries({ summaries }: Story): Markup | undefined {
  if (summaries.length === 0) return undefined;
  return html`${summaries.map(({ title, rows }) => section(title, definitions(rows)))}`;
}

function nextOf({ finished }: Story): string {
  if (!finished) return 'gateway-migrate status';
  if (finished.error) return finished.error.next;
  return finished.applied?.length ? 'gateway-migrate monitor\ngateway-migrate rollback' : 'gateway-migrate status';
}

function table(head: readonly string[], rows: readonly (readonly (string | Markup)[])[]): Markup {
  const last = head.length - 1;
  const kind = (index: number) => (index === last && head[last] === 'Took' ? 'number' : '');
  return html`<table><thead><tr>${head.map((cell, index) => html`<th scope="col" class="${kind(index)}">${cell || raw('<span>Result</span>')}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell, index) => html`<td class="${kind(index)}">${cell}</td>`)}</tr>`)}</tbody></table>`;
}

function short(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}
