import { shellWord } from '../system/exec.ts';
import type { RunEvent } from './events.ts';
import { redactEvent } from './redact.ts';

/** Events that tell people what to type. In the others a text is a statement's, or a program's own. */
const TELLING: ReadonlySet<RunEvent['type']> = new Set(['check', 'note', 'summary', 'verdict', 'run.finished']);

/**
 * Commands that a person is told to type lead to the configuration that he has named himself: typed without it, another
 * production may answer. `config`: as given with `--config`.
 */
export function leadingTo(config: string | undefined): (text: string) => string {
  if (config === undefined) return (text) => text;
  const named = `gateway-migrate --config ${shellWord(config)} `;
  return (text) => text.replace(/\bgateway-migrate (?=[a-z])/g, () => named);
}

/** The same in every text of an event that tells what to type. */
export function phraseEvent<E extends RunEvent>(event: E, phrase: (text: string) => string): E {
  return TELLING.has(event.type) ? redactEvent(event, phrase) : event;
}
