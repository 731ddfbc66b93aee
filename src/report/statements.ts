import type { ToldForecast } from '../run/events.ts';
import { formatCount, formatDuration } from '../terminal/style.ts';
import { html, type Markup } from './html.ts';
import { section, short, table } from './parts.ts';
import type { Story, ToldStatement } from './story.ts';

/** A page must be readable in a mail: of so many statements each is shown, the others are counted. */
const MOST_STATEMENTS = 500;
const LONGEST_SQL = 300;
/** Lines of differences, of all migrations together. */
const MOST_CHANGES = 600;
const LONGEST_LINE = 200;

/** What the migrations make of the schema, as their rehearsal has seen it; the deploy has compared its end with that. */
export function schemaChanges({ rehearsed }: Story): Markup | undefined {
  const all = rehearsed.flatMap(({ version, changes }) => changes.map((line) => ({ version, line })));
  if (all.length === 0) return undefined;
  const shown = all.slice(0, MOST_CHANGES);
  const versions = [...new Set(shown.map(({ version }) => version))];
  const body = versions.map((version) => {
    const lines = shown.filter((one) => one.version === version).map(({ line }) => changedLine(line));
    return html`<p class="quiet">${version}</p><pre>${lines}</pre>`;
  });
  const more = all.length - shown.length;
  const unfolded = html`${body}${more > 0 && html`<p class="quiet">and ${more} more lines: gateway-migrate test --keep shows all</p>`}`;
  const count = `${all.length === 1 ? '1 line' : `${all.length} lines`} of the schema, as rehearsed`;
  return section('Schema', html`<details><summary>${count}</summary>${unfolded}</details>`);
}

function changedLine(line: string): Markup {
  const text = line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line;
  const kind = /^ *\+ /.test(line) ? 'good' : /^ *- /.test(line) ? 'bad' : undefined;
  return kind ? html`<span class="${kind}">${text}</span>` : html`${text}`;
}

/** Each with what it was expected to mean, and what it did. */
export function statements({ statements, rehearsed }: Story): Markup | undefined {
  if (statements.length === 0) return undefined;
  const shown = statements.slice(0, MOST_STATEMENTS);
  const more = statements.length - shown.length;
  const forecastOf = ({ version, ordinal, direction }: ToldStatement) =>
    direction === 'up'
      ? rehearsed.find((one) => one.version === version)?.forecasts.find((one) => one.ordinal === ordinal)
      : undefined;
  const rows = shown.map((one) => statementRow(one, forecastOf(one)));
  const body = html`${table(['Statement', 'Rows', 'Took'], rows)}
${more > 0 && html`<p class="quiet">and ${more} more: they stand in the log</p>`}`;
  return section('Statements', html`<details><summary>${statements.length} statements</summary>${body}</details>`);
}

function statementRow(one: ToldStatement, forecast: ToldForecast | undefined): (string | Markup)[] {
  const place = `${one.version}, ${one.ordinal} of ${one.of}${one.direction === 'down' ? ', way back' : ''}`;
  const text = one.sql.length > LONGEST_SQL ? `${one.sql.slice(0, LONGEST_SQL)}…` : one.sql;
  const warnings = one.warnings.map((warning) => html`<p class="warn">${short(warning)}</p>`);
  const expected = forecast && html`<p class="quiet">forecast: ${describeForecast(forecast)}</p>`;
  const sql = html`<span class="quiet">${place}</span><pre>${text}</pre>${expected}${warnings}`;
  return [sql, String(one.rows ?? ''), one.ms === undefined ? 'not ended' : formatDuration(one.ms)];
}

/** `rebuild of customers (1,200,000 rows), at least 3.1 s`. */
function describeForecast({ effect, table: name, rows, estimateMs }: ToldForecast): string {
  const least = estimateMs === undefined || estimateMs < 1 ? '' : `, at least ${formatDuration(estimateMs)}`;
  return `${MEANINGS[effect]} ${name} (about ${formatCount(rows)} rows)${least}`;
}

const MEANINGS: Record<ToldForecast['effect'], string> = {
  instant: 'instant change of',
  online: 'reads and writes go on, in',
  'writes wait': 'writes wait, in',
  rebuild: 'writes wait while all rows are copied, in',
};
