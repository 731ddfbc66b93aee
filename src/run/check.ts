import type { RunEvent } from './events.ts';

/** One thing that was looked at before anything is touched; the fields of a `check` event. */
export type Check = Omit<Extract<RunEvent, { type: 'check' }>, 'type'>;

type About = Pick<Check, 'group' | 'name' | 'detail'>;

export function holds(about: About): Check {
  return { ...about, ok: true, level: 'error' };
}

/** It must be mended before a deploy. */
export function fails(about: About & { readonly remedy: string }): Check {
  return { ...about, ok: false, level: 'error' };
}

/** It is worth knowing; a deploy goes on. */
export function warns(about: About & { readonly remedy?: string | undefined }): Check {
  return { ...about, ok: false, level: 'warning' };
}
