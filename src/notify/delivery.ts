import type { NotifyTarget } from '../config/config.ts';
import type { Clock } from '../system/clock.ts';
import type { Message, Occasion, OwnWords } from './message.ts';
import { findWaiting, isKept, type Kept, keep, keyOf, note } from './outbox.ts';
import { type Carriers, send } from './send.ts';

/** Milliseconds before the second attempt; each pause is twice the one before. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** What became of a message. */
export interface Delivery {
  readonly type: NotifyTarget['type'];
  readonly on: Occasion;
  readonly is: 'delivered' | 'waiting' | 'given up';
  readonly answer: string;
}

interface DeliveryParts {
  readonly targets: readonly NotifyTarget[];
  readonly carriers: Carriers;
  readonly clock: Clock;
}

/** Messages on their way, in the background. A run is never held up by them but for a few seconds at its end. */
export class Delivering {
  readonly #parts: DeliveryParts;
  readonly #letters = new Map<string, Kept>();
  /** Ids of letters written here, which may be written anew. */
  readonly #own = new Set<string>();
  readonly #underway: Promise<void>[] = [];
  readonly #stopping = new AbortController();

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /** Writes a message to every target that wants to hear of it into the folder of the run, and begins to send. */
  async tell(
    folder: string,
    on: Occasion,
    compose: (id: string, words: OwnWords) => Message,
    run: string,
  ): Promise<void> {
    const send = await this.write(folder, on, compose, run);
    send();
  }

  /** The same in two steps: it resolves with what begins to send. Written again before that, the later words count. */
  async write(
    folder: string,
    on: Occasion,
    compose: (id: string, words: OwnWords) => Message,
    run: string,
  ): Promise<() => void> {
    const wanted = this.#parts.targets.filter((one) => one.on === undefined || one.on.includes(on));
    const letters: { readonly kept: Kept; readonly target: NotifyTarget }[] = [];
    for (const target of wanted) {
      const first = `${run}-${on}-${keyOf(target).slice(0, 6)}`;
      const id = this.#freeId(folder, first);
      // A process before this one has told of it: its letter is delivered, or on its way.
      if (id !== first && on === 'started') continue;
      this.#own.add(id);
      letters.push({ kept: await keep(folder, compose(id, target), target), target });
    }
    return () => {
      for (const { kept, target } of letters) this.#begin(kept, target);
    };
  }

  /** A run that goes on and fails once more has other words to say: who heeds ids would take them for the first ones. */
  #freeId(folder: string, first: string): string {
    for (let number = 1; ; number++) {
      const id = number === 1 ? first : `${first}-${number}`;
      if (this.#own.has(id) || !isKept(folder, id)) return id;
    }
  }

  /** Sends what earlier commands could not; returns how many there are. */
  async sendWaiting(folders: readonly string[]): Promise<number> {
    const waiting = await findWaiting(folders);
    for (const kept of waiting) {
      const target = this.#parts.targets.find((one) => keyOf(one) === kept.letter.target.key);
      if (target) this.#begin(kept, target);
      else await note(kept, { state: 'given up', answer: 'its address is no longer in the configuration' });
    }
    return waiting.length;
  }

  /** Waits for what is underway, `withinMs` at most. What is not delivered then waits for the next command. */
  async settle(withinMs: number): Promise<readonly Delivery[]> {
    const { clock } = this.#parts;
    const waiting = new AbortController();
    const all = Promise.all(this.#underway);
    await Promise.race([all, clock.sleep(withinMs, waiting.signal).catch(() => undefined)]);
    waiting.abort();
    this.#stopping.abort();
    return [...this.#letters.values()].map(({ letter }) => ({
      ...{ type: letter.target.type, on: letter.message.on, is: letter.state, answer: letter.answer },
    }));
  }

  #begin(kept: Kept, target: NotifyTarget): void {
    this.#letters.set(kept.path, kept);
    this.#underway.push(this.#carry(kept, target).catch(() => undefined));
  }

  /** Until it is delivered, refused, or the command ends. */
  async #carry(first: Kept, target: NotifyTarget): Promise<void> {
    const { carriers, clock } = this.#parts;
    let kept = first;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      const attempt = await send(target, kept.letter.message, carriers);
      const state = attempt.is === 'delivered' ? 'delivered' : attempt.is === 'refused' ? 'given up' : 'waiting';
      kept = await note(kept, { state, attempts: kept.letter.attempts + 1, answer: attempt.answer });
      this.#letters.set(kept.path, kept);
      if (state !== 'waiting') return;
      const afterMs = attempt.is === 'failed' ? attempt.afterMs : undefined;
      await clock.sleep(Math.max(pauseMs, afterMs ?? 0), this.#stopping.signal);
    }
  }
}

/** `slack: delivered; email: waits for the next command (answered 503)`. */
export function describeDeliveries(deliveries: readonly Delivery[]): string {
  return deliveries
    .map(({ type, on, is, answer }) => {
      if (is === 'delivered') return `${type} (${on}): delivered`;
      if (is === 'given up') return `${type} (${on}): NOT delivered, ${answer}`;
      return `${type} (${on}): not delivered yet${answer ? `, ${answer}` : ''}; the next command sends it`;
    })
    .join('\n');
}
