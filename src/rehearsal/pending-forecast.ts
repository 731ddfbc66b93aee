import type { Finding } from './finding.ts';

export interface Forecast {
  readonly effect: 'instant' | 'online' | 'writes wait' | 'rebuild';
  readonly table: string;
  readonly rows: number;
  readonly bytes: number;
  readonly estimateMs?: number | undefined;
  readonly finding?: Finding | undefined;
}
