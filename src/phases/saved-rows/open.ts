import type { Config } from '../../config/config.ts';
import type { Phase } from '../phase.ts';
import { openTables } from './closed-tables.ts';

/** Opens the tables that were closed while their rows were saved: they stay, for the way back was not taken. */
export function openTablesPhase({ config }: { readonly config: Pick<Config, 'migrations'> }): Phase<'open-tables'> {
  return {
    async run(_, context) {
      await openTables(config.migrations, context);
      return undefined;
    },

    probe: async () => 'not-done',
  };
}
