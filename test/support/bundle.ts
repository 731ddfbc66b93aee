import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

/** Bundles a TypeScript program of the tests, as the product is bundled, so that plain node runs it. */
export async function bundleProgram(entry: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-migrate-program-'));
  await build({
    entryPoints: [entry],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    banner: {
      js: "import { createRequire as $createRequire } from 'node:module'; const require = $createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  return join(folder, basename(entry).replace(/\.ts$/, '.mjs'));
}
