import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '../../errors.ts';
import { compressionOf, createDecompressor } from './compression.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { DumpScanner } from './scanner.ts';
import { SectionDigest } from './section-digest.ts';

export interface Verified {
  readonly manifest: Manifest;
  /** Everything that is wrong with the file, a sentence each; empty when it is whole. */
  readonly problems: readonly string[];
}

export interface VerifyOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes of the compressed file read so far. */
  readonly onBytes?: (done: number) => void;
}

interface Contents {
  readonly sha256: string;
  readonly bytes: number;
  /** Why the file could not be unpacked to its end. */
  readonly damage: string | undefined;
  readonly isComplete: boolean;
  readonly tables: ReadonlyMap<string, TableContents>;
}

interface TableContents {
  rows: number;
  readonly digest: SectionDigest;
}

const READ_BYTES = 1024 * 1024;

/**
 * Reads a backup through, without a server: checksum, every compressed member, the last line, and per table its rows and
 * its digest, all against the manifest. Throws when there is no manifest to compare with.
 */
export async function verifyBackup(path: string, options: VerifyOptions = {}): Promise<Verified> {
  const manifest = await readManifest(path);
  const contents = await readContents(path, options);
  return { manifest, problems: [...problemsOfFile(contents, manifest), ...problemsOfTables(contents, manifest)] };
}

function problemsOfFile(contents: Contents, manifest: Manifest): string[] {
  const problems: string[] = [];
  if (contents.bytes !== manifest.bytes) {
    const how = contents.bytes < manifest.bytes ? 'truncated or replaced' : 'longer than it was';
    problems.push(`the file has ${contents.bytes} bytes instead of ${manifest.bytes}: it is ${how}`);
  }
  if (contents.sha256 !== manifest.sha256) {
    problems.push(
      `its SHA-256 is ${contents.sha256} instead of ${manifest.sha256}: it was changed after it was written`,
    );
  }
  if (contents.damage !== undefined) problems.push(`it cannot be unpacked: ${contents.damage}`);
  else if (!contents.isComplete) problems.push('its last line, "-- Dump completed", is missing');
  return problems;
}

function problemsOfTables(contents: Contents, manifest: Manifest): string[] {
  const known = new Set(manifest.tables.map(({ name }) => name));
  const missing = manifest.tables.flatMap(({ name, rows, digest }) => {
    const found = contents.tables.get(name);
    if (!found) return [`table ${name} is missing`];
    if (found.rows !== rows) return [`table ${name} has ${found.rows} rows instead of ${rows}`];
    return found.digest.hex() === digest ? [] : [`table ${name} differs from what was backed up`];
  });
  const added = [...contents.tables.keys()].filter((name) => !known.has(name));
  return [...missing, ...added.map((name) => `table ${name} is not in the manifest`)];
}

async function readContents(path: string, options: VerifyOptions): Promise<Contents> {
  const sha256 = await digestFile(path, options);
  const scanner = new DumpScanner();
  const tables = new Map<string, TableContents>();
  const damage = await pipeline(
    createReadStream(path, { highWaterMark: READ_BYTES }),
    createDecompressor(compressionOf(path)),
    (unpacked: AsyncIterable<Buffer>) => readTables(unpacked, scanner, tables),
    { signal: options.signal },
  ).then(() => undefined, messageOf);
  options.signal?.throwIfAborted();
  return { ...sha256, damage, isComplete: scanner.isComplete, tables };
}

async function readTables(
  unpacked: AsyncIterable<Buffer>,
  scanner: DumpScanner,
  tables: Map<string, TableContents>,
): Promise<void> {
  let table: TableContents | undefined;
  for await (const chunk of unpacked) {
    for (const { begins, bytes, rows } of scanner.read(chunk)) {
      if (begins) {
        table = begins.kind === 'table' ? { rows: 0, digest: new SectionDigest() } : undefined;
        if (table) tables.set(begins.name, table);
      }
      if (!table) continue;
      table.rows += rows;
      table.digest.update(bytes);
    }
  }
}

/** Apart from unpacking, so that it covers the file to its end even when unpacking stops in the middle. */
async function digestFile(
  path: string,
  { signal, onBytes }: VerifyOptions,
): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES, signal })) {
    hash.update(chunk);
    bytes += chunk.length;
    onBytes?.(bytes);
  }
  return { sha256: hash.digest('hex'), bytes };
}
