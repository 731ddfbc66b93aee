import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { afterEach, describe, expect, test } from 'vitest';
import type { NotifyTarget } from '../../src/config/config.ts';
import { Delivering, describeDeliveries } from '../../src/notify/delivery.ts';
import { endedMessage, type Message, startedMessage } from '../../src/notify/message.ts';
import { outboxOf, readOutbox } from '../../src/notify/outbox.ts';
import { tellStory } from '../../src/report/story.ts';
import { systemClock } from '../../src/system/clock.ts';
import { systemExec } from '../../src/system/exec.ts';
import { systemHttp } from '../../src/system/http.ts';
import { Secret } from '../../src/system/secret.ts';
import { temporaryFolder } from '../support/folder.ts';
import { deployStory, failedStory, stamped } from '../terminal/fixtures/story.ts';
import { answering, Receiver } from './receivers.ts';

const AT = '2026-11-23T10:00:00.000+00:00';
const deployed = tellStory(stamped(deployStory));
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function compose(id: string, words: object): Message {
  return endedMessage(deployed, { id, at: AT, words });
}

async function receiver(...answer: Parameters<typeof Receiver.open>): Promise<Receiver> {
  const opened = await Receiver.open(...answer);
  closers.push(() => opened.close());
  return opened;
}

function delivering(...targets: NotifyTarget[]): Delivering {
  return new Delivering({ targets, carriers: { http: systemHttp, exec: systemExec }, clock: systemClock });
}

const webhook = ({ url }: Receiver): NotifyTarget => ({ type: 'webhook', url: new Secret(url) });

describe('messages', () => {
  test('of the start say what happens, when it should end, and whom to ask', () => {
    const words = { project: 'Phase 2', contact: 'night shift', next: ['watch the queue'] };
    expect(startedMessage(deployed, 120_000, { id: 'i', at: AT, words })).toEqual({
      ...{ id: 'i', at: AT, on: 'started', run: '20261123T093000-1' },
      title: '[Phase 2] STARTING: deploy of askproai_db on 127.0.0.1:3306',
      facts: [
        ['Project', 'Phase 2'],
        ['Started', '2026-11-23T09:30:00.000Z'],
        ['Expected end', '2026-11-23T10:02:00.000Z'],
        ['Migrations', 'Apply 1 migration'],
        ['Contact', 'night shift'],
      ],
      next: ['watch the queue'],
    });
  });

  test('of the end say what was done, how long the site was down, and where the backup is', () => {
    const { title, facts, on } = compose('i', {});
    expect([on, title]).toEqual(['succeeded', 'COMPLETED: Deployed 1 migration to askproai_db on 127.0.0.1:3306']);
    expect(facts).toContainEqual(['Site down', '1 m 03 s']);
    expect(facts).toContainEqual(['Applied', '060203']);
    expect(facts).toContainEqual(['State', 'Production is changed.']);
  });

  test('of a deploy that was put back say why, and what was done about it', () => {
    const { on, facts, next } = endedMessage(tellStory(stamped(failedStory)), { id: 'i', at: AT, words: {} });
    expect(on).toBe('rolledBack');
    expect(facts).toContainEqual(['Actions', 'Undo what was applied']);
    expect(facts.find(([label]) => label === 'Reason')?.[1]).toContain("doesn't exist (1146)");
    expect(next).toEqual(['gateway-migrate deploy']);
  });
});

describe('a receiver', () => {
  test.each<[string, number[], string, number]>([
    ['that takes it', [200], 'delivered', 1],
    ['that is busy first', [429, 503, 200], 'delivered', 3],
    ['that refuses', [404], 'given up', 1],
  ])('%s', async (_name, statuses, state, attempts) => {
    const folder = temporaryFolder();
    const to = await receiver(answering(...statuses));
    const carrying = delivering(webhook(to));
    await carrying.tell(folder, 'succeeded', compose, 'run-1');
    const [delivery] = await carrying.settle(20_000);
    expect([delivery?.is, to.received.length]).toEqual([state, attempts]);
    expect(new Set(to.received.map(({ id, body }) => `${id} ${body.id}`)).size).toBe(1);
    const [kept] = await readOutbox(outboxOf(folder));
    expect([kept?.letter.state, kept?.letter.attempts]).toEqual([state, attempts]);
    expect(readFileSync(kept?.path ?? '', 'utf8')).not.toContain('secret-part');
  });

  test('that hangs does not hold up the run, and gets it from the next command under the same id', async () => {
    const folder = temporaryFolder();
    const to = await receiver((request, response) => void (request > 1 && response.end()));
    const first = delivering(webhook(to));
    await first.tell(folder, 'succeeded', compose, 'run-1');
    const begunMs = systemClock.ticksMs();
    expect((await first.settle(300))[0]).toMatchObject({ is: 'waiting' });
    expect(systemClock.ticksMs() - begunMs).toBeLessThan(4_000);
    const next = delivering(webhook(to));
    expect(await next.sendWaiting([folder])).toBe(1);
    expect((await next.settle(20_000))[0]).toMatchObject({ is: 'delivered' });
    expect(new Set(to.received.map(({ id }) => id)).size).toBe(1);
  });

  test('whose sender was killed gets it from the next command; while the sender lives, from it alone', async () => {
    const folder = temporaryFolder();
    const to = await receiver();
    await delivering().tell(folder, 'succeeded', compose, 'run-1');
    const gone = await Receiver.open();
    await gone.close();
    const dead = delivering({ type: 'webhook', url: new Secret(to.url) });
    await dead.tell(folder, 'succeeded', compose, 'run-1');
    await dead.settle(20_000);
    const [kept] = await readOutbox(outboxOf(folder));
    if (!kept) throw new Error('nothing was kept');
    const rewrite = (pid: number) =>
      writeFileSync(
        kept.path,
        JSON.stringify({ ...kept.letter, state: 'waiting', sender: { ...kept.letter.sender, pid } }),
      );
    rewrite(process.ppid);
    expect(await delivering(webhook(to)).sendWaiting([folder])).toBe(0);
    rewrite(2 ** 22 + 1);
    const next = delivering(webhook(to));
    expect(await next.sendWaiting([folder])).toBe(1);
    await next.settle(20_000);
    expect(to.received.map(({ id }) => id)).toEqual([kept.letter.message.id, kept.letter.message.id]);
  });

  test('of a run that goes on: its start is told once, and what it ends with again is another message', async () => {
    const folder = temporaryFolder();
    const to = await receiver();
    const tellAll = async () => {
      const process = delivering(webhook(to));
      await process.tell(folder, 'started', compose, 'run-1');
      await process.write(folder, 'failed', compose, 'run-1');
      // The page that could not be named at first.
      await process.tell(folder, 'failed', compose, 'run-1');
      await process.settle(20_000);
    };
    await tellAll();
    await tellAll();
    const [first = ''] = to.received.map(({ id }) => id).filter((id) => /failed/.test(id ?? ''));
    expect(to.received.map(({ id }) => id).sort()).toEqual(
      [first.replace('failed', 'started'), first, `${first}-2`].sort(),
    );
  });

  test('that is no longer configured is given up, and that is kept', async () => {
    const folder = temporaryFolder();
    const to = await receiver(answering(503));
    const first = delivering(webhook(to));
    await first.tell(folder, 'succeeded', compose, 'run-1');
    await first.settle(100);
    await delivering().sendWaiting([folder]);
    const [kept] = await readOutbox(outboxOf(folder));
    expect(kept?.letter).toMatchObject({ state: 'given up', answer: 'its address is no longer in the configuration' });
  });

  test('hears only of what it asked for', async () => {
    const to = await receiver();
    const carrying = delivering({ ...webhook(to), on: ['failed'] });
    await carrying.tell(temporaryFolder(), 'succeeded', compose, 'run-1');
    expect(await carrying.settle(1_000)).toEqual([]);
    expect(to.received).toEqual([]);
  });
});

test('Slack gets blocks, and a text for who cannot show them; its own signs are escaped', async () => {
  const to = await receiver();
  const carrying = delivering({ type: 'slack', url: new Secret(to.url), project: '<!channel> & co' });
  await carrying.tell(temporaryFolder(), 'succeeded', compose, 'run-1');
  await carrying.settle(20_000);
  const [received] = to.received;
  const { text, blocks } = (received?.body ?? {}) as { text: string; blocks: { type: string }[] };
  expect(text).toContain('[&lt;!channel&gt; &amp; co] COMPLETED');
  expect(blocks.map(({ type }) => type)).toEqual(['header', 'section', 'context']);
  expect(JSON.stringify(blocks.slice(1))).not.toContain('<!channel>');
});

describe('a command', () => {
  test('reads the message as JSON', async () => {
    const file = join(temporaryFolder(), 'told');
    const carrying = delivering({ type: 'command', run: ['sh', '-c', `cat > ${file}`] });
    await carrying.tell(temporaryFolder(), 'succeeded', compose, 'run-1');
    expect((await carrying.settle(20_000))[0]).toMatchObject({ is: 'delivered', answer: 'exited with 0' });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ on: 'succeeded', run: '20261123T093000-1' });
  });

  test('that is not there is given up, and said', async () => {
    const carrying = delivering({ type: 'command', run: ['/nowhere/tell'] });
    await carrying.tell(temporaryFolder(), 'succeeded', compose, 'run-1');
    expect(describeDeliveries(await carrying.settle(20_000))).toMatch(
      /^command \(succeeded\): NOT delivered, `\/nowhere\/tell` could not be started/,
    );
  });
});

describe('e-mail', () => {
  async function post(options: ConstructorParameters<typeof SMTPServer>[0], login: string) {
    const mails: string[] = [];
    const server = new SMTPServer({
      ...{ disabledCommands: login ? [] : ['AUTH'], authOptional: !login, logger: false },
      ...options,
      onData(stream, _session, done) {
        let text = '';
        stream.on('data', (chunk: Buffer) => {
          text += chunk;
        });
        stream.on('end', () => {
          mails.push(text);
          done();
        });
      },
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    closers.push(() => new Promise<void>((done) => server.close(() => done())));
    const { port } = server.server.address() as { port: number };
    const smtp = new Secret(`smtp://${login}127.0.0.1:${port}?tls.rejectUnauthorized=false`);
    const carrying = delivering({
      type: 'email',
      smtp,
      from: 'deploy@example.com',
      to: ['a@example.com', 'b@example.com'],
    });
    await carrying.tell(temporaryFolder(), 'succeeded', compose, 'run-1');
    return { mails, deliveries: await carrying.settle(20_000) };
  }

  test('arrives as text and HTML, with an id that stays the same', async () => {
    const { mails, deliveries } = await post({ hideSTARTTLS: true }, '');
    expect(deliveries[0]).toMatchObject({ is: 'delivered' });
    expect(mails[0]).toMatch(/Message-ID: <run-1-succeeded-[0-9a-f]{6}@gateway-migrate>/i);
    expect(mails[0]).toContain('Subject: COMPLETED: Deployed 1 migration to');
    expect(mails[0]).toMatch(/text\/plain[\s\S]*text\/html/);
  });

  test('logs in over TLS', async () => {
    const logins: string[] = [];
    const { mails, deliveries } = await post(
      {
        onAuth({ username, password }, session, done) {
          logins.push(`${username} ${password} ${session.secure}`);
          done(null, { user: username });
        },
      },
      'deploy:s3cret@',
    );
    expect([deliveries[0]?.is, mails.length, logins]).toEqual(['delivered', 1, ['deploy s3cret true']]);
  });

  test('that is refused for good is given up', async () => {
    const { deliveries } = await post(
      {
        hideSTARTTLS: true,
        onRcptTo: (_address, _session, done) => done(Object.assign(new Error('no such user'), { responseCode: 550 })),
      },
      '',
    );
    expect(deliveries[0]).toMatchObject({ is: 'given up', answer: expect.stringContaining('550') });
  });
});
