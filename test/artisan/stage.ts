import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { translate } from '../../src/artisan/translate.ts';
import { loadConfig } from '../../src/config/load.ts';
import { readPhpFiles } from '../../src/migrations/laravel/php-files.ts';
import { parseSections } from '../../src/migrations/parse.ts';
import { connect } from '../../src/mysql/connect.ts';
import { readSnapshot } from '../../src/schema/snapshot.ts';
import { readModes } from '../../src/statements/applied.ts';
import { systemExec } from '../../src/system/exec.ts';
import { createApplication, overTcp } from '../support/laravel.ts';
import type { TestServer } from '../support/servers.ts';

export interface Methods {
  readonly up: string;
  readonly down?: string;
  /** Above the class: comments, classes of its own. */
  readonly head?: string;
  /** In the class: properties, methods. */
  readonly body?: string;
  /** Named after its file, as before Laravel 9; default: anonymous. */
  readonly isNamed?: boolean;
}

const USES = `use Illuminate\\Database\\Eloquent\\Model;
use Illuminate\\Database\\Migrations\\Migration;
use Illuminate\\Database\\Schema\\Blueprint;
use Illuminate\\Support\\Facades\\DB;
use Illuminate\\Support\\Facades\\Schema;
`;

/** A PHP migration as an application has it. */
export function php(baseName: string, { up, down, head = '', body = '', isNamed = false }: Methods): string {
  const words = baseName.split('_').slice(4);
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  const back = down === undefined ? '' : `    public function down()\n    {\n        ${down}\n    }\n`;
  const members = `${body}    public function up()\n    {\n        ${up}\n    }\n${back}`;
  const opening = isNamed ? `class ${name} extends Migration` : 'return new class extends Migration';
  return `<?php\n\n${USES}${head}\n${opening}\n{\n${members}}${isNamed ? '' : ';'}\n`;
}

export interface Given {
  /** Runs on a fresh production first. */
  readonly production?: string;
  /** By base name. */
  readonly files: Readonly<Record<string, Methods>>;
  readonly isPrivate?: boolean;
  /** Lines for `config/database.php` of the application. */
  readonly change?: (dir: string) => void;
}

/** What PHP migrations become on a production and an application of their own. */
export async function translateFiles(server: TestServer, given: Given) {
  const database = await server.createDatabase('prod');
  if (given.production) await server.sql(given.production, database);
  const app = createApplication(overTcp(server, database));
  const dir = mkdtempSync(join(tmpdir(), 'gateway-translation-'));
  onTestFinished(() => [app, dir].forEach((folder) => void rmSync(folder, { recursive: true, force: true })));
  given.change?.(app);
  const folder = join(app, 'database/migrations');
  mkdirSync(folder, { recursive: true });
  for (const [name, methods] of Object.entries(given.files))
    writeFileSync(join(folder, `${name}.php`), php(name, methods));
  const file = join(dir, 'gateway-migrate.config.json');
  const settings = {
    database: { host: '127.0.0.1', port: server.port, name: database, user: 'root' },
    ...(given.isPrivate ? { rehearsal: 'private' } : {}),
    app: { dir: app },
    migrations: { engine: 'artisan' },
  };
  writeFileSync(file, JSON.stringify(settings));
  const config = await loadConfig({ file, cwd: dir, env: {} });
  const production = await connect(config.database);
  const session = await production.open();
  try {
    const [snapshot, modes] = [await readSnapshot(session, database), await readModes(session)];
    const files = readPhpFiles(config.migrations.dir, []);
    const PATH = [server.binDir, join(server.binDir, '../sbin'), process.env.PATH].join(delimiter);
    const { exec, env, signal } = { exec: systemExec, env: { PATH }, signal: new AbortController().signal };
    const translated = await translate({ config, dir: app, production, snapshot, files, modes, exec, env, signal });
    return { ...translated, database, of: (name: string) => sectionsOf(translated.texts.get(name) ?? '') };
  } finally {
    await session.close();
  }
}

function sectionsOf(text: string): { up: string[]; down: string[] } {
  const { sections } = parseSections(text);
  const texts = (name: 'up' | 'down') => sections[name].map((statement) => statement.text.replace(/\s+/g, ' ').trim());
  return { up: texts('up'), down: texts('down') };
}
