import { windowOf } from '../terminal/closing.ts';
import { formatDuration } from '../terminal/style.ts';
import { TOOL_VERSION } from '../version.ts';
import { html, type Markup } from './html.ts';
import { raw, section, short, table } from './parts.ts';
import { schemaChanges, statements } from './statements.ts';
import { headlineOf, type Story, stateOf } from './story.ts';
import { STYLE } from './style.ts';
import { timeline } from './timeline.ts';
import { type ToldWatch, watchSection } from './watch.ts';

const MOST_CHECKS = 400;
const MOST_LINES = 100;

/** One self-contained page: no script, nothing loaded, everything escaped. PURE. */
export function renderPage(story: Story, watched?: ToldWatch): string {
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
${schemaChanges(story)}
${statements(story)}
${checks(story)}
${watched && watchSection(watched)}
${notes(story)}
${notable(story)}
${summaries(story)}
${section('Type next', html`<pre>${watched?.judgement.next ?? nextOf(story)}</pre>`)}
</main>
</body>
</html>
`;
  return page.text;
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

function notable({ notable, logFile }: Story): Markup | undefined {
  if (notable.length === 0) return undefined;
  const rows = notable
    .slice(0, MOST_LINES)
    .map(({ at, level, text }) => [
      timeOf(at),
      html`<span class="verdict ${level === 'ERROR' ? 'bad' : 'warn'}">${level}</span>`,
      html`${short(text)}`,
    ]);
  const left = notable.length - rows.length;
  return section(
    'Notable lines of the log',
    html`${table(['At', '', 'Line'], rows)}
${left > 0 && html`<p class="quiet">${left} more in ${logFile ?? 'the log'}</p>`}`,
  );
}

/** `04:25:11` of `2025-10-04T04:25:11.123+02:00`: the header has the day. */
function timeOf(at: string): string {
  return at.slice(11, 19);
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
