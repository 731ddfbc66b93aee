/** `1,234`. */
export function counted(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** `60 s`, `5 min`. */
export function lasting(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1_000));
  return seconds % 60 === 0 && seconds >= 120 ? `${seconds / 60} min` : `${seconds} s`;
}

/** `14:03:11`, in the machine's time zone. */
export function timeOfDay(ms: number): string {
  return new Date(ms).toTimeString().slice(0, 'HH:MM:SS'.length);
}

/** `12.5 %`. */
export function percent(share: number): string {
  return `${Math.round(share * 1_000) / 10} %`;
}

/** A query or a log entry on one line, cut where it is long. */
export function brief(text: string, length = 120): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > length ? `${line.slice(0, length)}…` : line;
}
