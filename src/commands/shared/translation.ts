import type { Config } from '../../config/config.ts';
import { failedUnchanged, refusal } from '../../errors.ts';
import { readKept, writeKept } from '../../migrations/laravel/kept.ts';
import { type PhpFile, readPhpFiles } from '../../migrations/laravel/php-files.ts';
import { type Facts, gatherFacts } from '../../preflight/gather.ts';
import { type Check, fails } from '../../run/check.ts';
import type { Invocation } from './invocation.ts';
import { isFailed, reportChecks, requireReady } from './preflight.ts';
import { runStep } from './step.ts';

/** The facts with the SQL of all pending PHP migrations; or what of them cannot be translated, reported as checks. */
export type Translating =
  | { readonly facts: Facts; readonly obstacles?: undefined }
  | { readonly facts?: undefined; readonly obstacles: readonly string[] };

/**
 * Translates PHP migrations where the kept SQL is not that of these files and this schema, or `anew`: what else of the application
 * their PHP uses (models, seeders, configuration) no checksum knows. SQL migrations are what they are.
 * Throws a refusal where there is no place for a clone, or no PHP.
 */
export async function translatePending(
  facts: Facts,
  config: Config,
  invocation: Invocation,
  { anew = false } = {},
): Promise<Translating> {
  const { pending } = facts.status;
  if (config.migrations.engine === 'sql' || pending.length === 0) return { facts };
  const versions = new Set(pending.map(({ version }) => version));
  const files = readPhpFiles(config.migrations.dir, []).filter(({ baseName }) => versions.has(baseName));
  if (!anew && isKept(files, facts, config) && pending.every((one) => !one.isUntranslated)) return { facts };
  const step = { id: 'translate', title: 'Translate PHP migrations on a clone' };
  const refused = await runStep(
    step,
    invocation,
    () => translateFiles(files, facts, config, invocation),
    (checks) =>
      checks.length === 0 ? `${files.length} of ${files.length}` : `${checks.length} that cannot be followed`,
  );
  reportChecks(refused, invocation);
  if (refused.length > 0) return { obstacles: refused.map(({ name }) => name) };
  return { facts: await gatherAgain(config, invocation) };
}

/** Refused as what was not rehearsed is: before anything happened. */
export async function requireTranslated(found: Facts, config: Config, invocation: Invocation): Promise<Facts> {
  const { facts, obstacles } = await translatePending(found, config, invocation);
  if (!facts) throw refusal(`no translation: ${obstacles.join(', ')}`, 'gateway-migrate test');
  if (facts !== found) requireReady(facts.checks);
  return facts;
}

function isKept(files: readonly PhpFile[], { server, snapshot }: Facts, config: Config): boolean {
  const kept = readKept(placeOf(config));
  if (kept?.fingerprint !== snapshot.fingerprint || kept.server !== server.flavor.label) return false;
  const told = (list: readonly { version: string; checksum: string }[]) =>
    list.map(({ version, checksum }) => `${version} ${checksum}`).join('\n');
  return told(kept.migrations) === told(files.map(({ baseName, checksum }) => ({ version: baseName, checksum })));
}

function placeOf({ stateDir, database }: Config) {
  return { stateDir, database: database.database };
}

async function translateFiles(files: readonly PhpFile[], facts: Facts, config: Config, invocation: Invocation) {
  const { translate } = await import('../../artisan/translate.ts');
  const { exec, env, signal, hub } = invocation;
  const { server: production, snapshot, modes } = facts;
  const dir = config.app.dir ?? '';
  const done = await translate({ config, dir, production, snapshot, files, modes, exec, env, signal });
  for (const { version, text } of done.notes) hub.report({ type: 'note', level: 'info', text: `${version}: ${text}` });
  if (done.shown) hub.report({ type: 'note', level: 'info', text: done.shown });
  if (done.refusals.length === 0) {
    const migrations = files.map(({ baseName, checksum }) => {
      return { version: baseName, checksum, text: done.texts.get(baseName) ?? '' };
    });
    await writeKept(placeOf(config), {
      fingerprint: snapshot.fingerprint,
      server: production.flavor.label,
      migrations,
    });
  }
  return done.refusals.map(({ version, name, what, remedy }): Check => {
    return fails({ group: 'translation', name: `${version} ${name}`, detail: what, remedy });
  });
}

/** What was asked of the statements before they were known is asked again; only what is wrong is told twice. */
async function gatherAgain(config: Config, invocation: Invocation): Promise<Facts> {
  const facts = await gatherFacts(config, invocation);
  reportChecks(facts.checks.filter(isFailed), invocation);
  if (facts.status.pending.every((one) => !one.isUntranslated)) return facts;
  throw failedUnchanged('the PHP migrations changed while they were translated', 'the same command again');
}
