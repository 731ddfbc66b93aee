import type { NotifyTarget } from '../config/config.ts';
import { messageOf } from '../errors.ts';
import { describeExit, type Exec } from '../system/exec.ts';
import type { Http, HttpAnswer } from '../system/http.ts';
import type { Message } from './message.ts';
import { asHtml, asSlack, asText } from './text.ts';

/** What sends: ports, so that nothing else reaches the network. */
export interface Carriers {
  readonly http: Http;
  readonly exec: Exec;
}

/** How one attempt ended. `answer` is for people and holds no address. */
export type Attempt =
  | { readonly is: 'delivered'; readonly answer: string }
  /** Worth another attempt; not before `afterMs`, when the receiver said so. */
  | { readonly is: 'failed'; readonly answer: string; readonly afterMs?: number | undefined }
  /** The receiver will never take it. */
  | { readonly is: 'refused'; readonly answer: string };

/** Milliseconds for one attempt. */
const PATIENCE_MS = 5_000;

/** One attempt; never rejects. */
export async function send(target: NotifyTarget, message: Message, carriers: Carriers): Promise<Attempt> {
  try {
    switch (target.type) {
      case 'slack':
        return await post(target.url.reveal(), asSlack(message), message.id, carriers);
      case 'webhook':
        return await post(target.url.reveal(), message, message.id, carriers);
      case 'email':
        return await mail(target, message);
      case 'command':
        return await runCommand(target.run, message, carriers);
    }
  } catch (error) {
    return { is: 'failed', answer: reasonOf(error) };
  }
}

async function post(url: string, body: unknown, id: string, { http }: Carriers): Promise<Attempt> {
  const { status, headers } = await http(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': id },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const answer = `answered ${status}`;
  if (status >= 200 && status < 300) return { is: 'delivered', answer };
  const isPassing = status === 408 || status === 429 || status >= 500;
  return isPassing ? { is: 'failed', answer, afterMs: retryAfter(headers) } : { is: 'refused', answer };
}

/** Seconds or a date (RFC 9110, 10.2.3). */
function retryAfter({ 'retry-after': given }: HttpAnswer['headers']): number | undefined {
  if (given === undefined) return undefined;
  const ms = /^\d+$/.test(given.trim()) ? Number(given) * 1_000 : Date.parse(given) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

async function mail(target: Extract<NotifyTarget, { type: 'email' }>, message: Message): Promise<Attempt> {
  const { default: nodemailer } = await import('nodemailer');
  const timeouts = { connectionTimeout: PATIENCE_MS, greetingTimeout: PATIENCE_MS, socketTimeout: PATIENCE_MS };
  const transport = nodemailer.createTransport({ url: target.smtp.reveal(), ...timeouts });
  try {
    const { from, to } = target;
    const sent = await transport.sendMail({
      ...{ from, to: [...to], subject: message.title, text: asText(message), html: asHtml(message) },
      messageId: `<${message.id}@gateway-migrate>`,
    });
    return { is: 'delivered', answer: sent.response };
  } catch (error) {
    // 5xx: a permanent negative reply (RFC 5321, 4.2.1).
    const { responseCode = 0 } = error as { responseCode?: number };
    return { is: responseCode >= 500 ? 'refused' : 'failed', answer: messageOf(error) };
  } finally {
    transport.close();
  }
}

async function runCommand(argv: readonly string[], message: Message, { exec }: Carriers): Promise<Attempt> {
  const [file = '', ...args] = argv;
  const command = { file, args, input: `${JSON.stringify(message)}\n` };
  const exit = await exec.run(command, { timeoutMs: 2 * PATIENCE_MS });
  if (exit.exitCode === 0) return { is: 'delivered', answer: 'exited with 0' };
  return { is: exit.failedToStart ? 'refused' : 'failed', answer: describeExit(command, exit) };
}

/** The system's code, where there is one: its words name the address. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${PATIENCE_MS / 1_000} s`;
  return (error as NodeJS.ErrnoException).code ?? messageOf(error);
}
