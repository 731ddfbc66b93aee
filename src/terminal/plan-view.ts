import type { Plan, Step } from '../plan/step.ts';
import { type Look, plainLook } from './look.ts';
import { plural } from './style.ts';
import { visibleDeep } from './visible.ts';

/** Statements of each migration in the direction that the plan runs them, by version. */
export type SqlByVersion = ReadonlyMap<string, readonly string[]>;

/** The lines of `--dry-run`: the steps in order with the SQL that they would run, then the way back. */
export function renderPlan(planned: Plan, sqls: SqlByVersion, look: Look = plainLook): string[] {
  const [plan, sqlByVersion] = [visibleDeep(planned), visibleDeep(sqls)];
  const { palette } = look;
  return [
    `${palette.strong(`Plan of ${plan.command}`)} ${palette.quiet(look.glyphs.dot)} ${plan.target}`,
    '',
    ...plan.steps.flatMap((step, index) => [
      `${String(index + 1).padStart(2)}. ${step.title}`,
      ...sqlLines(step, sqlByVersion, look),
    ]),
    '',
    ...wayBack(plan, look),
    palette.quiet('Nothing was changed: this is what would be done.'),
  ];
}

function wayBack({ steps, onFailure }: Plan, { palette }: Look): string[] {
  if (onFailure.length === 0) return [];
  const titles = new Map(steps.map(({ id, title }) => [id, title]));
  const lines = onFailure.map(({ title, onlyAfter }, index) => {
    const condition = onlyAfter === undefined ? '' : ` (once "${titles.get(onlyAfter) ?? onlyAfter}" has begun)`;
    return `${String(index + 1).padStart(2)}. ${title}${palette.quiet(condition)}`;
  });
  return [palette.strong('If a step fails'), '', ...lines, ''];
}

function sqlLines(step: Step, sqlByVersion: SqlByVersion, look: Look): string[] {
  const adopted = step.phase === 'migrate' ? step.input.adopt : [];
  return [
    ...versionsOf(step, sqlByVersion).flatMap((version) =>
      migrationLines(version, sqlByVersion.get(version) ?? [], look),
    ),
    ...adopted.flatMap((version) => ['', heading(version, 'adopted: its tables are there already, and equal', look)]),
    ...savedLines(step, look),
  ];
}

/** Where the saved rows come from, and what of them comes back. */
function savedLines(step: Step, look: Look): string[] {
  if (step.phase === 'saved-beside') return ['', heading(step.input.file, `into ${step.input.database}`, look)];
  if (step.phase !== 'saved-rows') return [];
  const what = step.input.tables.map(({ table, columns }) =>
    heading(table, columns === 'all' ? 'its rows' : `values of ${columns.join(', ')}`, look),
  );
  return ['', ...what];
}

/** Those whose SQL the step runs. */
function versionsOf(step: Step, sqlByVersion: SqlByVersion): readonly string[] {
  if (step.phase === 'migrate') return step.input.versions;
  if (step.phase !== 'undo') return [];
  return step.input.versions === 'all' ? [...sqlByVersion.keys()] : step.input.versions;
}

function migrationLines(version: string, statements: readonly string[], look: Look): string[] {
  const sql = statements.flatMap((statement) => ['', ...sqlText(statement).map((line) => `      ${line}`.trimEnd())]);
  return ['', heading(version, plural(statements.length, 'statement'), look), ...sql];
}

function heading(version: string, text: string, { palette }: Look): string {
  return `    ${palette.accent(version)} ${palette.quiet(text)}`;
}

/** As written, and ended, so that it can be pasted into a client. */
function sqlText(sql: string): string[] {
  const text = sql.trim();
  return (text.endsWith(';') ? text : `${text};`).split('\n').map((line) => line.trimEnd());
}
