import type { Invocation } from './invocation.ts';

/** Tells which file a command has written, and what to type next. */
export function announce(path: string, next: string, { print, printJson }: Invocation): void {
  print([`Written: ${path}`, `Next: ${next}`]);
  printJson({ type: 'file.written', path });
}
