import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asOwner, readOwner } from '../app/owner.ts';
import { refusal } from '../errors.ts';
import { allowancesIn, type PhpFile } from '../migrations/laravel/php-files.ts';
import type { Target } from '../mysql/connect.ts';
import type { Exec } from '../system/exec.ts';
import { type Heard, readAnswers } from './answers.ts';
import { SIDE_EFFECT } from './script.ts';
import { READ_SETTINGS } from './session.ts';

export interface Asked {
  readonly dir: string;
  readonly files: readonly PhpFile[];
  readonly clone: Target;
  /** The name that the application knows its database by. */
  readonly production: string;
}

/** Where `tls: true` looks for authorities, in PHP's driver, which asks for a file. */
const AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt';
const SAID_LENGTH = 400;

/**
 * Lets PHP run the migrations on the clone, as the account that the application's files belong to, and hears what they send.
 * The program, and the password in it, go by standard input: neither shows in `ps`, and both are there whoever may read
 * our files. Throws a refusal where PHP cannot be started.
 */
export async function askPhp(
  asked: Asked,
  exec: Exec,
  signal: AbortSignal,
): Promise<Heard & { readonly said: string }> {
  const mark = `gateway-migrate ${randomBytes(12).toString('hex')} `;
  const owner = await readOwner(asked.dir, exec);
  const php = { file: 'php', args: ['-d', 'display_errors=stderr', '-d', 'opcache.enable_cli=0'], cwd: asked.dir };
  const exit = await exec.run({ ...asOwner(php, owner), input: await programFor(asked, mark) }, { signal });
  if (exit.failedToStart || exit.exitCode === 127) {
    throw refusal(
      'engine: artisan needs PHP, and `php` could not be started',
      'install php-cli, or put it on the PATH',
    );
  }
  signal.throwIfAborted();
  return { ...readAnswers(exit.stdout, mark), said: exit.stderr.trim().slice(-SAID_LENGTH) };
}

async function programFor({ files, clone, production }: Asked, mark: string): Promise<string> {
  const program = await readFile(join(import.meta.dirname, 'translate.php'), 'utf8');
  const request = {
    mark,
    settings: READ_SETTINGS,
    files: files.map((file) => ({
      version: file.baseName,
      path: file.path,
      allowsSideEffects: allowancesIn(file).some(({ name }) => name === SIDE_EFFECT),
    })),
    clone: {
      production,
      host: clone.host ?? null,
      port: clone.port ?? null,
      socket: clone.socket ?? null,
      database: clone.database,
      user: clone.user,
      password: clone.password?.reveal() ?? '',
      ca: clone.tls === false ? null : clone.tls === true ? AUTHORITIES : clone.tls.ca,
    },
  };
  const encoded = Buffer.from(JSON.stringify(request)).toString('base64');
  return `${program}\nmain(json_decode(base64_decode('${encoded}'), true));\n`;
}
