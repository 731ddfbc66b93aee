// Makes the man page of the command tree that `--help` shows, and of the table of exit codes: `node man.config.js FILE`.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { marked } from 'marked';
import markedMan from 'marked-man';

const [, , file = 'dist/gateway-migrate.1'] = process.argv;
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const program = await commandTree();
const help = program.createHelp();
const markdown = [
  `# gateway-migrate(1) -- ${lowerFirst(program.description())}`,
  '## SYNOPSIS',
  '`gateway-migrate` [*options*] *command*',
  '## DESCRIPTION',
  'Deploys schema migrations to production MySQL and MariaDB: rehearsed on a clone, backed up, journalled statement by',
  'statement. A run that is killed anywhere is ended by one command, at exactly before or exactly after.',
  '## OPTIONS',
  ...optionsOf(program),
  '## COMMANDS',
  ...commandsOf(program, ''),
  '## EXIT STATUS',
  ...exitCodes(),
  '## FILES',
  '* `gateway-migrate.config.yaml`:\n  The configuration, found upward from the current directory.',
  '* `.gateway-migrate/runs/`:\n  Plan, journal, events and page of each run.',
  '## SEE ALSO',
  'mysqldump(1), mysqlbinlog(1), mariadb-dump(1)',
].join('\n\n');
marked.use(markedMan, { manVersion: `gateway-migrate ${version}`, manual: 'gateway-migrate', breaks: false });
writeFileSync(file, marked.parse(markdown));

/** The tree of src/cli.ts, nothing of which is run. */
async function commandTree() {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-migrate-man-'));
  try {
    const outfile = join(folder, 'cli.mjs');
    const banner = { js: "import { createRequire } from 'node:module'; const require = createRequire('/');" };
    await build({
      entryPoints: ['src/cli.ts'],
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      banner,
      logLevel: 'error',
    });
    const { createProgram } = await import(pathToFileURL(outfile).href);
    return createProgram(
      () => Promise.reject(new Error('nothing is run here')),
      () => undefined,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function optionsOf(command) {
  return help
    .visibleOptions(command)
    .map((option) => `* \`${help.optionTerm(option)}\`:\n  ${sentence(help.optionDescription(option))}`);
}

function commandsOf(command, words) {
  return help
    .visibleCommands(command)
    .filter((one) => one.name() !== 'help')
    .flatMap((one) => {
      const name = `${words} ${one.name()}`.trim();
      const below = commandsOf(one, name);
      const usage =
        `### gateway-migrate ${name} ${one.usage().replace('[options] ', '').replace('[options]', '')}`.trim();
      return below.length > 0 ? below : [usage, sentence(one.description()), ...optionsOf(one)];
    });
}

/** The table of docs/exit-codes.md. */
function exitCodes() {
  const rows = readFileSync('docs/exit-codes.md', 'utf8').matchAll(/^\| (\d+) \| (.+?) \|/gm);
  return [...rows].map(([, code, meaning]) => `* \`${code}\`:\n  ${sentence(meaning)}`);
}

function sentence(text) {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}

function lowerFirst(text) {
  return text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, '');
}
