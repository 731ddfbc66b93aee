#!/usr/bin/env node
'use strict';
// Starts dist/main.cjs with the compiled code of an earlier run: compiling is half of what a short command costs. (Node's
// own `module.enableCompileCache` came with 22.1.) Whatever is wrong with the kept code, the program runs without it.
const { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { dirname, join } = require('node:path');
const { Script } = require('node:vm');

const KEPT_MS = 30 * 24 * 60 * 60_000;

const filename = join(__dirname, '../dist/main.cjs');
// The bundle is plain ASCII, and so read fastest.
const source = readProgram();
/** V8 compares the length of the source, not its text: the bundle's first line is a digest of the rest. */
const [, digest] = /^\/\/ sha256 (\w+)\n/.exec(source.slice(0, 100));
const origin = Buffer.from(`${process.version} ${digest}\n`);
/** Each command uses another part of the program; two installations do not take each other's place. */
const command = /^[a-z]{2,12}$/.test(process.argv[2] ?? '') ? process.argv[2] : 'any';
const name = `${command}-${digest.slice(0, 12)}`;
const folder = cacheFolder();
const cachedData = folder && read(join(folder, name));

const script = new Script(source, { filename, cachedData });
if (folder && (cachedData === undefined || script.cachedDataRejected)) {
  process.once('exit', (exitCode) => exitCode === 0 && write(join(folder, name), script.createCachedData()));
}
const program = { exports: {} };
const importModule = (specifier) => import(specifier);
const main = script.runInThisContext();
main(program.exports, createRequire(filename), program, filename, dirname(filename), importModule);
program.exports.main(process.argv.slice(2));

/** A clone that was never built has none. */
function readProgram() {
  try {
    return readFileSync(filename, 'latin1');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    process.stderr.write(`gateway-migrate is not built yet. Type: npm ci --prefix '${dirname(__dirname)}'\n`);
    process.exit(2);
  }
}

/** V8 runs what it is given: the folder must be ours alone. Undefined where there is no such place. */
function cacheFolder() {
  if (process.env.NODE_DISABLE_COMPILE_CACHE) return undefined;
  const { HOME: home, XDG_CACHE_HOME: cache = home && join(home, '.cache') } = process.env;
  if (!home) return undefined;
  const path = join(cache, 'gateway-migrate/code');
  try {
    // Under sudo HOME may be another user's, who could then not write there any more.
    if (!isOurs(home)) return undefined;
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return isOurs(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

function isOurs(path) {
  const { uid, mode } = statSync(path);
  return uid === process.getuid?.() && (mode & 0o022) === 0;
}

/** What the code comes from stands behind it: V8 copies data that does not begin at an even address. */
function read(path) {
  try {
    const kept = readFileSync(path);
    return kept.subarray(-origin.length).equals(origin) ? kept.subarray(0, -origin.length) : undefined;
  } catch {
    return undefined;
  }
}

/** Flushed before it gets its name: V8 trusts what it reads, and a power cut must not leave zeros there. */
function write(path, data) {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, Buffer.concat([data, origin]), { mode: 0o600, flush: true });
    renameSync(temporary, path);
    removeOld();
  } catch {
    rmSync(temporary, { force: true });
  }
}

/** What builds of long ago have left. */
function removeOld() {
  for (const file of readdirSync(folder).map((one) => join(folder, one))) {
    if (Date.now() - statSync(file).mtimeMs > KEPT_MS) rmSync(file, { force: true });
  }
}
