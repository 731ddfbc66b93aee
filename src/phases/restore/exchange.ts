import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import type { Context } from '../../context.ts';
import type { Exchange } from '../../exchange/swap.ts';
import type { Environment } from '../../mysql/clients.ts';
import { boundLockWaits, withPatience } from '../../statements/patience.ts';

export interface ExchangeParts {
  /** Id of the run: what is repeated after a crash belongs to the same run. */
  readonly run: string;
  readonly config: Pick<Config, 'stateDir' | 'migrations'>;
  /** Where the client programs are looked for. */
  readonly env: Environment;
}

/** Opens what an exchange of tables works with: every statement waits for its locks as DDL does. */
export async function withExchange<T>(
  { run, config }: ExchangeParts,
  context: Context,
  body: (exchange: Exchange) => Promise<T>,
): Promise<T> {
  const { server } = context;
  const session = await server.open();
  const observer = await server.open();
  const waiting = {
    ...{ session, observer, context, patience: config.migrations },
    ...{ isInGroup: false, canRepeat: true, again: 'gateway-migrate restore' },
  };
  try {
    for (const sql of context.fence?.() ?? []) await session.query(sql);
    await boundLockWaits(session, config.migrations);
    return await body({
      ...{ run, server, session },
      folder: join(config.stateDir, 'runs', run),
      runPatiently: (sql) => withPatience(() => session.execute(sql), waiting),
    });
  } finally {
    await Promise.all([session.close(), observer.close()]);
  }
}
