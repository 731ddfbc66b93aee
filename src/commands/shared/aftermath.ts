import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { secretsOf } from '../../config/secrets.ts';
import { messageOf } from '../../errors.ts';
import type { Delivering, Delivery } from '../../notify/delivery.ts';
import type { OwnWords } from '../../notify/message.ts';
import type { Story } from '../../report/story.ts';
import { pagePath, readStory, writePage } from '../../report/write.ts';
import type { RunFinished } from '../../run/events.ts';
import { runFolder, runsFolder } from '../../run/folder.ts';
import { redactor, redactText } from '../../run/redact.ts';
import { isoWithOffset } from '../../system/clock.ts';
import { type Judgement, keepJudgement } from '../../watch/record.ts';
import type { Invocation } from './invocation.ts';

/** How long the end of a run waits for messages that are on their way. */
const SETTLE_MS = 3_000;
/** Messages of so many runs, the newest, are still worth sending. */
const RUNS_LOOKED_AT = 5;

/** The page of a run, and who is told of it: nothing here can fail a run. */
export interface Aftermath {
  started(): Promise<void>;
  ended(finished: RunFinished): Promise<Pick<RunFinished, 'report'>>;
}

/** `folder` is the run's. Messages begin to be sent at once, and go on while the run does. */
export function aftermathOf(config: Config, folder: string, invocation: Invocation): Aftermath {
  const { hub, clock } = invocation;
  const { run } = hub;
  let delivering: Delivering | undefined;
  const warn = (what: string, error: unknown): undefined => {
    hub.report({ type: 'note', level: 'warning', text: `${what}: ${messageOf(error)}` });
    return undefined;
  };
  return {
    async started() {
      if (config.notify.length === 0) return;
      try {
        delivering = await openDelivering(config, invocation);
        const story = await readStory(folder);
        if (!story) return;
        const { startedMessage } = await import('../../notify/message.ts');
        const at = isoWithOffset(clock.now());
        const expectedMs = await lastTook(config.stateDir, story.command, run);
        await delivering.tell(
          folder,
          'started',
          (id, words) => startedMessage(story, expectedMs, { id, at, words }),
          run,
        );
      } catch (error) {
        warn('nobody could be told that the run has started', error);
      }
    },
    async ended(finished) {
      const warnOfPage = (error: unknown) => warn('the page of the run could not be written', error);
      const story = await readEnded(folder, finished, invocation).catch(warnOfPage);
      if (!story) return {};
      const page = writePage(story, folder).then(() => pagePath(folder), warnOfPage);
      try {
        if (delivering) await tellEnd(delivering, folder, { ...story, finished }, page, invocation);
      } catch (error) {
        warn('nobody could be told how the run has ended', error);
      }
      return { report: await page };
    },
  };
}

async function openDelivering({ notify }: Config, { http, exec, clock }: Invocation): Promise<Delivering> {
  const { Delivering } = await import('../../notify/delivery.ts');
  return new Delivering({ targets: notify, carriers: { http, exec }, clock });
}

/** The end of a watch: kept beside the run that was watched, on its page, and told, unless somebody stopped it. */
export async function aftermathOfWatch(
  config: Config,
  watched: { readonly run: string; readonly folder: string; readonly target: string },
  judged: Judgement,
  invocation: Invocation,
): Promise<void> {
  const { hub } = invocation;
  const { folder } = watched;
  // Entries of other programs' logs are in it, and it does not pass through the hub.
  const judgement = redactText(judged, redactor(secretsOf(config)));
  try {
    await keepJudgement(folder, judgement);
    const story = await readStory(folder);
    if (story) await writePage(story, folder);
    if (config.notify.length === 0 || invocation.signal.aborted) return;
    const { verdictMessage } = await import('../../notify/message.ts');
    const delivering = await openDelivering(config, invocation);
    const compose = (id: string, words: OwnWords) =>
      verdictMessage(watched, judgement, { id, at: judgement.at, words });
    await delivering.tell(folder, 'verdict', compose, hub.run);
    await tellDeliveries(await delivering.settle(SETTLE_MS), invocation);
  } catch (error) {
    hub.report({ type: 'note', level: 'warning', text: `nobody could be told of the verdict: ${messageOf(error)}` });
  }
}

/** Begins to send what earlier commands could not. It goes on beside the command, whose end says what became of it. */
export async function sendWaiting(config: Config, invocation: Invocation): Promise<void> {
  if (config.notify.length === 0) return;
  const warn = (error: unknown) => {
    const text = `messages that wait could not be sent: ${messageOf(error)}`;
    invocation.hub.report({ type: 'note', level: 'warning', text });
  };
  try {
    const delivering = await openDelivering(config, invocation);
    if ((await delivering.sendWaiting(newestRuns(config.stateDir))) === 0) return;
    const settle = async () => tellDeliveries(await delivering.settle(SETTLE_MS), invocation);
    invocation.atEnd.push(() => settle().catch(warn));
  } catch (error) {
    warn(error);
  }
}

/** The story of the run in this folder with its end, which no event has told yet. */
async function readEnded(
  folder: string,
  finished: RunFinished,
  { hub, clock }: Invocation,
): Promise<Story | undefined> {
  await eventsWritten();
  return readStory(folder, [{ ...finished, at: isoWithOffset(clock.now()), run: hub.run }]);
}

/** Written beside the page, and sent when that is there: the message names it. */
async function tellEnd(
  delivering: Delivering,
  folder: string,
  story: Story & { readonly finished: RunFinished },
  page: Promise<string | undefined>,
  invocation: Invocation,
): Promise<void> {
  const { hub, clock } = invocation;
  const at = isoWithOffset(clock.now());
  const { endedMessage } = await import('../../notify/message.ts');
  const { on } = endedMessage(story, { id: '', at, words: {} });
  const write = (report: string | undefined) => {
    const told = { ...story, finished: { ...story.finished, report } };
    return delivering.write(folder, on, (id, words) => endedMessage(told, { id, at, words }), hub.run);
  };
  const send = await write(pagePath(folder));
  const sendWithoutPage = (await page) === undefined ? await write(undefined) : undefined;
  (sendWithoutPage ?? send)();
  await tellDeliveries(await delivering.settle(SETTLE_MS), invocation);
}

async function tellDeliveries(deliveries: readonly Delivery[], { hub }: Invocation): Promise<void> {
  if (deliveries.length === 0) return;
  const { describeDeliveries } = await import('../../notify/delivery.ts');
  const level = deliveries.every(({ is }) => is === 'delivered') ? 'info' : 'warning';
  hub.report({ type: 'note', level, text: `told: ${describeDeliveries(deliveries)}` });
}

/** Events are written as soon as the process waits for something. */
function eventsWritten(): Promise<void> {
  return new Promise((done) => setImmediate(() => setImmediate(done)));
}

function newestRuns(stateDir: string): string[] {
  try {
    const runs = readdirSync(runsFolder(stateDir)).sort().slice(-RUNS_LOOKED_AT);
    return runs.map((run) => runFolder(stateDir, run));
  } catch {
    return [];
  }
}

/** Milliseconds that the last successful run of this command took, on this machine. */
async function lastTook(stateDir: string, command: string, but: string): Promise<number | undefined> {
  for (const folder of newestRuns(stateDir)
    .reverse()
    .filter((one) => one !== join(runsFolder(stateDir), but))) {
    const story = await readStory(folder);
    if (story?.command === command && story.finished?.result === 'ok') return story.finished.ms;
  }
  return undefined;
}
