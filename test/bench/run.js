// npm run bench [-- NAME…]: bundles the TypeScript of the benchmarks and runs it. Packages stay outside of the bundle.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '../..');
// Below node_modules, so that the bundle finds the project's packages.
const folder = join(root, 'node_modules/.cache/gateway-migrate-bench');
mkdirSync(folder, { recursive: true });
const outfile = join(folder, 'bench.mjs');
await build({
  entryPoints: [join(import.meta.dirname, 'bench.ts')],
  outfile,
  bundle: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  logLevel: 'warning',
});
const { bench } = await import(pathToFileURL(outfile).href);
process.exitCode = await bench(root, process.argv.slice(2));
