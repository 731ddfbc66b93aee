import type { Config } from '../config/config.ts';
import { type Check, warns } from '../run/check.ts';

const GROUP = 'configuration';

/** PURE: what the configuration asks for and no command does yet. Whoever relies on it must hear so. */
export function checkUnbuilt({ monitor }: Pick<Config, 'monitor'>): Check[] {
  if (monitor.logs.length === 0) return [];
  return [
    warns({ group: GROUP, name: 'monitor.logs', detail: 'nobody follows them: this version has no monitor yet' }),
  ];
}
