import type { Context } from '../context.ts';

/** What reading or changing the application needs; a preflight has no database connection yet. */
export type AppPorts = Pick<Context, 'exec' | 'http' | 'clock' | 'signal'>;
