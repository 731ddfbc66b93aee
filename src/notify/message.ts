import { headlineOf, type Story, stateOf, verifiedIn } from '../report/story.ts';
import type { RunFinished } from '../run/events.ts';
import { formatDuration } from '../terminal/style.ts';
import type { Judgement } from '../watch/record.ts';

/** What a team can be told of. */
export const OCCASIONS = ['started', 'succeeded', 'failed', 'rolledBack', 'restored', 'verdict'] as const;
export type Occasion = (typeof OCCASIONS)[number];

/** The words of the team itself, from the configuration. */
export interface OwnWords {
  readonly project?: string | undefined;
  readonly contact?: string | undefined;
  readonly next?: readonly string[] | undefined;
}

/** One message, whatever it is sent with. Webhooks and commands get it as JSON. */
export interface Message {
  /** The same however often it is sent: who receives it can tell a repetition. */
  readonly id: string;
  readonly on: Occasion;
  readonly run: string;
  /** ISO 8601. */
  readonly at: string;
  readonly title: string;
  readonly facts: readonly (readonly [label: string, value: string])[];
  readonly next: readonly string[];
}

interface About {
  readonly id: string;
  readonly at: string;
  readonly words: OwnWords;
}

/** PURE. `expectedMs`: how long the last run of this kind took. */
export function startedMessage(story: Story, expectedMs: number | undefined, { id, at, words }: About): Message {
  const window = story.steps.some(({ id }) => id === 'maintenance-on');
  return {
    ...{ id, at, on: 'started', run: story.run },
    title: `${label(words)}STARTING: ${story.command} of ${story.target}`,
    facts: given([
      ['Project', words.project],
      ['Started', story.startedAt],
      ['Expected end', expectedMs === undefined ? undefined : new Date(Date.parse(at) + expectedMs).toISOString()],
      ['Maintenance', window ? 'the site goes down while migrations run' : plannedWindow(story)],
      ['Migrations', plannedMigrations(story)],
      ['Contact', words.contact],
    ]),
    next: words.next ?? [],
  };
}

/** PURE. How a run ended: the paper's COMPLETED and ROLLED BACK with everything filled in. */
export function endedMessage(story: Story, { id, at, words }: About): Message {
  const { finished } = story;
  const on = occasionOf(story);
  const failed = finished?.error;
  return {
    ...{ id, at, on, run: story.run },
    title: `${label(words)}${CAPITALS[on]}: ${headlineOf(story)}`,
    facts: given([
      ['Project', words.project],
      ['State', stateOf(story)],
      ['Reason', failed?.what],
      ['Actions', failed ? actionsOf(story) : undefined],
      ['Applied', finished?.applied?.join(', ')],
      ['Undone', finished?.reverted?.join(', ')],
      ['Migration time', stepTime(story, 'migrate')],
      ['Verified', verifiedIn(story)],
      ['Site down', finished?.maintenanceMs === undefined ? 'not at all' : formatDuration(finished.maintenanceMs)],
      ['Backup', finished?.backup],
      ['Proof', story.steps.find(({ id }) => id === 'prove')?.detail],
      ['Rows saved', finished?.saved],
      ['Took', finished && formatDuration(finished.ms)],
      ['Report', finished?.report],
      ['Contact', words.contact],
    ]),
    next: [...(failed ? [failed.next] : []), ...(words.next ?? [])],
  };
}

/** PURE. How the watch of a run has ended. */
export function verdictMessage(
  watched: { readonly run: string; readonly target: string },
  { verdict, because, next }: Pick<Judgement, 'verdict' | 'because' | 'next'>,
  { id, at, words }: About,
): Message {
  return {
    ...{ id, at, on: 'verdict', run: watched.run },
    title: `${label(words)}VERDICT: ${verdict}, of run ${watched.run} on ${watched.target}`,
    facts: given([
      ['Project', words.project],
      ['Because', because.join('\n')],
      ['Contact', words.contact],
    ]),
    next: [next, ...(words.next ?? [])],
  };
}

/** PURE. A message that says only that messages arrive. */
export function testMessage({ id, at, words }: About, run: string): Message {
  return {
    ...{ id, at, on: 'verdict', run },
    title: `${label(words)}TEST: messages of gateway-migrate arrive here`,
    facts: given([
      ['Project', words.project],
      ['Contact', words.contact],
    ]),
    next: [],
  };
}

const CAPITALS: Record<Occasion, string> = {
  started: 'STARTING',
  succeeded: 'COMPLETED',
  failed: 'FAILED',
  rolledBack: 'ROLLED BACK',
  restored: 'RESTORED',
  verdict: 'VERDICT',
};

function occasionOf({ finished, steps }: Story): Occasion {
  if (finished?.result !== 'ok')
    return steps.some(({ id }) => id === 'undo') && isBack(finished) ? 'rolledBack' : 'failed';
  if (finished.production === 'restored') return 'restored';
  return (finished.reverted ?? []).length > 0 && (finished.applied ?? []).length === 0 ? 'rolledBack' : 'succeeded';
}

function isBack(finished: RunFinished | undefined): boolean {
  return finished?.production === 'unchanged';
}

function plannedWindow({ summaries }: Story): string | undefined {
  return summaries.flatMap(({ rows }) => rows).find(([name]) => name === 'Maintenance')?.[1];
}

function plannedMigrations({ steps, summaries }: Story): string | undefined {
  const rows = summaries.flatMap(({ rows }) => rows).filter(([name]) => /^\d/.test(name));
  if (rows.length > 0) return rows.map(([version, what]) => `${version} ${what}`).join('\n');
  return steps.find(({ id }) => id === 'migrate')?.title;
}

/** What was done about it: the steps of the way back and how they went. */
function actionsOf({ steps }: Story): string | undefined {
  const failed = steps.findIndex(({ error }) => error !== undefined);
  if (failed < 0) return undefined;
  const back = steps.slice(failed + 1).map(({ title, error }) => (error === undefined ? title : `${title}: FAILED`));
  return back.length > 0 ? back.join(', ') : 'nothing had to be undone';
}

function stepTime({ steps }: Story, id: string): string | undefined {
  const ms = steps.findLast((step) => step.id === id && step.error === undefined)?.ms;
  return ms === undefined ? undefined : formatDuration(ms);
}

function given(rows: readonly (readonly [string, string | undefined])[]): [string, string][] {
  return rows.flatMap(([name, value]) => (value ? [[name, value] as [string, string]] : []));
}

function label({ project }: OwnWords): string {
  return project ? `[${project}] ` : '';
}
