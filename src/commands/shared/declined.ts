import { ExitCode, Failure } from '../../errors.ts';

/** The operator said no (exit 6). */
export function declined(): Failure {
  return new Failure('the answer was no', {
    exitCode: ExitCode.declined,
    production: 'unchanged',
    state: 'nothing was started, production is unchanged',
    next: 'the same command again, when you are ready',
  });
}
