import { readdirSync, readFileSync } from 'node:fs';

/** Reads the argument lists of every process of this machine, again and again, as any user may. */
export function watchArguments(everyMs = 5): { stop(): string[] } {
  const seen = new Set<string>();
  const look = () => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        seen.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
      } catch {
        // It has ended meanwhile.
      }
    }
  };
  const timer = setInterval(look, everyMs);
  return {
    stop() {
      clearInterval(timer);
      return [...seen];
    },
  };
}
