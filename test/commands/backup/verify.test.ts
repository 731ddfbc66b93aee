import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backupVerifyCommand } from '../../../src/commands/backup/verify.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { invoke } from '../invoke.ts';

test('a file that is no whole backup: what is wrong with it, and where to look for another', async () => {
  const cwd = temporaryFolder();
  const { invocation, events } = invoke({ cwd });
  expect(await backupVerifyCommand('shop.sql.gz', invocation)).toBe(1);
  const path = join(cwd, 'shop.sql.gz');
  expect(events.find((event) => event.type === 'check')).toMatchObject({
    ok: false,
    detail: 'there is no such file',
  });
  expect(events.at(-1)).toMatchObject({
    type: 'run.finished',
    exitCode: 1,
    error: {
      what: `${path} is not a whole backup`,
      state: 'nothing was started, production is unchanged',
      next: 'gateway-migrate backup list',
    },
  });
});
