import { toJSONSchema } from 'zod/mini';
import { configSchema } from './schema.ts';

const REFERENCE = '|\\$\\{';

/** The JSON Schema of the configuration file as people write it, for editors: `gateway-migrate.schema.json`. */
export function configJsonSchema(): object {
  const { $schema, ...rest } = toJSONSchema(configSchema, {
    io: 'input',
    target: 'draft-07',
    override: ({ jsonSchema }) => {
      // A value may be `${NAME}` before the environment is filled in.
      const { pattern } = jsonSchema;
      if (pattern !== undefined && !pattern.endsWith(REFERENCE)) jsonSchema.pattern = `${pattern}${REFERENCE}`;
    },
  });
  return { $schema, title: 'Configuration of gateway-migrate', ...rest };
}
