import type { Config } from '../../config/config.ts';
import { dropBeside } from '../../exchange/side-database.ts';
import { runFolder } from '../../run/folder.ts';
import { bringTriggersBack } from '../../saved-rows/suspended-triggers.ts';
import { boundLockWaits } from '../../statements/patience.ts';
import { waitForDeadClients } from '../migrate/ways-back.ts';
import type { Phase } from '../phase.ts';

interface TidyParts {
  readonly config: Pick<Config, 'stateDir' | 'migrations'>;
}

/** Takes back what loading saved rows did around the tables: then an undo finds the schema that migrate left. */
export function savedTidyPhase({ config }: TidyParts): Phase<'saved-tidy'> {
  return {
    async run({ ofRun, databases }, context) {
      const { server } = context;
      const { database } = server.target;
      await waitForDeadClients([ofRun], context);
      const session = await server.open();
      try {
        await boundLockWaits(session, config.migrations);
        const [row] = await session.query<{ collation: string }>('SELECT @@collation_database AS collation');
        const folder = runFolder(config.stateDir, ofRun);
        await bringTriggersBack({ database, collation: row?.collation ?? '', folder, session });
        // Of one that is not there DROP DATABASE would ask for a right that may be what was missing.
        const rows = await session.query<{ name: string }>(
          'SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA',
        );
        const left = rows.map(({ name }) => name).filter((name) => databases.includes(name));
        for (const name of left) await dropBeside(session, name);
        return left.length > 0 ? `dropped ${left.join(', ')}` : undefined;
      } finally {
        await session.close();
      }
    },

    probe: async () => 'not-done',
  };
}
