import type { Invocation } from '../commands/shared/invocation.ts';
import type { ExitCode } from '../errors.ts';

/** Runs a command's function with the flags in front of it. */
export type Runs = (act: (invocation: Invocation) => Promise<ExitCode>) => Promise<void>;
