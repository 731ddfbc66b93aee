#!/usr/bin/env node
'use strict';
// Starts dist/main.cjs with the compiled code of an earlier run: compiling is half of what a short command costs. (Node's
// own `module.enableCompileCache` came with 22.1.) Whatever is wrong with the kept code, the program runs without it.
//
// The file has a head of two lines, then one script after the other, which are compiled when they are first asked for: most
// commands need a third of them. It is read whole: an installation that takes its place does not reach a run that goes on.
const {
  closeSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} = require('node:fs');
const { createRequire } = require('node:module');
const { dirname, join } = require('node:path');
const { Script } = require('node:vm');
const { crc32 } = require('node:zlib');

const KEPT_MS = 30 * 24 * 60 * 60_000;
/** V8 copies data that begins elsewhere. */
const ALIGNED = 8;
/** No head is longer; build.config.js sees to that. */
const HEAD_BYTES = 16_384;

const filename = join(__dirname, '../dist/main.cjs');
const program = readProgram();
/** V8 compares the length of a source, not its text: the first line is a digest of all scripts, the second says where they are. */
const [, digest, index] = /^\/\/ sha256 (\w+)\n\/\/ (.+)\n/.exec(readText(0, HEAD_BYTES));
const places = new Map(JSON.parse(index));
const origin = `${process.version} ${process.arch} ${digest}`;
/** Each command uses another part of the program; two installations do not take each other's place. */
const command = /^[a-z]{2,12}$/.test(process.argv[2] ?? '') ? process.argv[2] : 'any';
const keptName = `${command}-${digest.slice(0, 12)}`;
const folder = cacheFolder();
/** Compiled code by the name of its script. */
const kept = (folder && read(join(folder, keptName))) ?? new Map();
const scripts = new Map();
const modules = new Map();
const requireBuiltin = createRequire(filename);
const importModule = (specifier) => import(specifier);
if (folder) process.once('exit', (exitCode) => exitCode === 0 && keep());

run('./main.cjs').main(process.argv.slice(2));

/** Runs a script, once. */
function run(name) {
  const known = modules.get(name);
  if (known) return known.exports;
  const { at, length, line } = places.get(name);
  const script = new Script(readText(at, length), { filename, lineOffset: line, cachedData: kept.get(name) });
  const module = { exports: {} };
  scripts.set(name, script);
  modules.set(name, module);
  script.runInThisContext()(module.exports, requireScript, module, filename, dirname(filename), importModule);
  return module.exports;
}

function requireScript(name) {
  return places.has(name) ? run(name) : requireBuiltin(name);
}

/** The scripts are plain ASCII, and so read fastest. */
function readText(at, length) {
  return program.latin1Slice(at, at + length);
}

/** Of the scripts that this run did not use an earlier one's code stays. */
function keep() {
  const isKept = ([name, script]) => kept.has(name) && !script.cachedDataRejected;
  if ([...scripts].every(isKept)) return;
  const made = [...scripts].map(([name, script]) => [name, script.createCachedData()]);
  write(join(folder, keptName), new Map([...kept, ...made]));
}

/** A clone that was never built has none. */
function readProgram() {
  try {
    return readFileSync(filename);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    process.stderr.write(`gateway-migrate is not built yet. Type: npm ci --prefix '${dirname(__dirname)}'\n`);
    process.exit(2);
  }
}

/** V8 runs what it is given: the folder must be ours alone, and none of those above it in the cache a link. */
function cacheFolder() {
  if (process.env.NODE_DISABLE_COMPILE_CACHE) return undefined;
  const { HOME: home, XDG_CACHE_HOME: cache = home && join(home, '.cache') } = process.env;
  if (!home) return undefined;
  const ours = join(cache, 'gateway-migrate');
  const path = join(ours, 'code');
  try {
    // Under sudo HOME may be another user's, who could then not write there any more.
    if (!isOurs(statSync(home))) return undefined;
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return [statSync(cache), lstatSync(ours), lstatSync(path)].every(isOurs) ? path : undefined;
  } catch {
    return undefined;
  }
}

function isOurs({ uid, mode }) {
  return uid === process.getuid?.() && (mode & 0o022) === 0;
}

/** A line of JSON with the scripts' names and lengths, then their code, each at an aligned place; behind it what it comes from. */
function read(path) {
  let file;
  try {
    file = openSync(path);
    if (!isOurs(fstatSync(file))) return undefined;
    const all = readFileSync(file);
    const tail = all.lastIndexOf('\n', -2) + 1;
    // V8 does not look whether its code is whole.
    if (all.toString('latin1', tail) !== tailOf(all.subarray(0, tail))) return undefined;
    const headEnd = all.indexOf('\n');
    let at = aligned(headEnd + 1);
    return new Map(
      JSON.parse(all.toString('latin1', 0, headEnd)).map(([name, length]) => {
        const code = all.subarray(at, at + length);
        at = aligned(at + length);
        return [name, code];
      }),
    );
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function tailOf(data) {
  return `${origin} ${crc32(data)}\n`;
}

function aligned(at) {
  return Math.ceil(at / ALIGNED) * ALIGNED;
}

function padded(data) {
  return Buffer.concat([data], aligned(data.length));
}

/** Flushed before it gets its name: V8 trusts what it reads, and a power cut must not leave zeros there. */
function write(path, codes) {
  const head = `${JSON.stringify([...codes].map(([name, { length }]) => [name, length]))}\n`;
  const data = Buffer.concat([padded(Buffer.from(head)), ...[...codes.values()].map(padded), Buffer.from('\n')]);
  // Containers share a folder, and have the same numbers of processes.
  const temporary = `${path}.${Math.random().toString(36).slice(2)}.tmp`;
  try {
    writeFileSync(temporary, Buffer.concat([data, Buffer.from(tailOf(data))]), {
      mode: 0o600,
      flush: true,
      flag: 'wx',
    });
    renameSync(temporary, path);
    removeOld();
  } catch {
    rmSync(temporary, { force: true });
  }
}

/** What builds of long ago have left. */
function removeOld() {
  const own = readdirSync(folder).filter((name) => /^[a-z]+-[0-9a-f]{12}(\.\w+\.tmp)?$/.test(name));
  for (const path of own.map((one) => join(folder, one))) {
    if (Date.now() - statSync(path).mtimeMs > KEPT_MS) rmSync(path, { force: true });
  }
}
