// Builds dist/: one ES module per command, everything bundled, so that the package installs without a network
// and `--help` loads nothing but the command tree. `node build.config.js FOLDER` builds into another folder.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

const outdir = process.argv[2] ?? 'dist';
rmSync(outdir, { recursive: true, force: true });
const { metafile } = await build({
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
  banner: {
    // Bundled CommonJS packages call require() for Node's own modules.
    js: "import { createRequire as $createRequire } from 'node:module'; const require = $createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
writeFileSync(join(outdir, 'package.json'), `${JSON.stringify({ type: 'module' })}\n`);
writeLicenses(bundledPackages(Object.keys(metafile.inputs)));

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
