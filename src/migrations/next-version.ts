import { compareVersions, parseFileName } from './file-name.ts';

const LARAVEL_STYLE = /^\d{4}_\d{2}_\d{2}_\d{6}$/;
const DBMATE_STYLE = /^\d{14}$/;

/**
 * The version of a new migration, in the style of the newest file: Laravel's date (also for the first one), dbmate's 14
 * digits, or golang-migrate's number, one higher and as wide. Dates are UTC, as Laravel's and dbmate's are.
 * `existing` are file names; the result comes after all of them, also when a date lies in the future.
 */
export function nextVersion(existing: readonly string[], now: Date): string {
  const versions = existing.flatMap((fileName) => parseFileName(fileName)?.version ?? []);
  const newest = versions.toSorted(compareVersions).at(-1);
  if (newest === undefined) return toLaravelStyle(timestamp(now));
  if (!LARAVEL_STYLE.test(newest) && !DBMATE_STYLE.test(newest)) return increment(newest);
  const version = LARAVEL_STYLE.test(newest) ? toLaravelStyle(timestamp(now)) : timestamp(now);
  return compareVersions(version, newest) > 0 ? version : increment(newest);
}

/** `YYYYMMDDHHMMSS`. */
function timestamp(now: Date): string {
  return now.toISOString().replace(/\D/g, '').slice(0, 14);
}

function toLaravelStyle(digits: string): string {
  return digits.replace(/^(\d{4})(\d{2})(\d{2})(\d{6})$/, '$1_$2_$3_$4');
}

function increment(version: string): string {
  const [digits = ''] = /^\d*/.exec(version.replaceAll('_', '')) ?? [];
  const next = (BigInt(digits) + 1n).toString().padStart(digits.length, '0');
  return LARAVEL_STYLE.test(version) ? toLaravelStyle(next) : next;
}
