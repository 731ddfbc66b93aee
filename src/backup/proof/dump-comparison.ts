import type { DumpedSection } from '../dump/stream.ts';
import type { Manifest } from '../file/manifest.ts';
import { END_OF_DUMP } from '../file/scanner.ts';
import { isEvents } from '../file/sections.ts';

/**
 * PURE: what differs between a backup and the dump of what was loaded from it, a sentence each. `objects`: what was there
 * after the load beside tables.
 */
export function compareDumps(
  manifest: Manifest,
  again: readonly DumpedSection[],
  objects: Manifest['objects'],
  withoutEvents: boolean,
): string[] {
  return [
    ...compareTables(manifest, again),
    ...compareSections(manifest, again, withoutEvents),
    ...missingObjects(manifest, objects, withoutEvents),
  ];
}

function compareTables(manifest: Manifest, again: readonly DumpedSection[]): string[] {
  const found = new Map(again.flatMap((one) => (one.section.kind === 'table' ? [[one.section.name, one]] : [])));
  const expected = new Set(manifest.tables.map(({ name }) => name));
  const different = manifest.tables.flatMap(({ name, rows, digest, numbersDigest }) => {
    const loaded = found.get(name);
    if (!loaded) return [`table ${name} is missing after the load`];
    if (loaded.rows !== rows) return [`table ${name} has ${loaded.rows} rows after the load instead of ${rows}`];
    return isSameTable(loaded, { digest, numbersDigest }) ? [] : [`table ${name} is not the same after the load`];
  });
  const added = [...found.keys()].filter((name) => !expected.has(name));
  return [...different, ...added.map((name) => `table ${name} is there after the load and not in the manifest`)];
}

/** PURE: tables whose numbers in JSON values came back as the same numbers, written another way. */
export function restatedTables(manifest: Manifest, again: readonly DumpedSection[]): string[] {
  const found = new Map(again.flatMap((one) => (one.section.kind === 'table' ? [[one.section.name, one]] : [])));
  return manifest.tables
    .filter((table) => {
      const loaded = found.get(table.name);
      return loaded && loaded.digest.hex() !== table.digest && isSameTable(loaded, table);
    })
    .map(({ name }) => name);
}

function isSameTable(
  { digest }: DumpedSection,
  of: { readonly digest: string; readonly numbersDigest?: string | undefined },
): boolean {
  return digest.hex() === of.digest || (of.numbersDigest !== undefined && digest.numbersHex() === of.numbersDigest);
}

/** Views, sequences, routines and events, by the text that makes them. */
function compareSections(manifest: Manifest, again: readonly DumpedSection[], withoutEvents: boolean): string[] {
  const found = new Map(again.map(({ section: { kind, name }, digest }) => [`${kind} ${name}`, digest]));
  return (manifest.sections ?? []).flatMap((section) => {
    if (section.name === END_OF_DUMP || (withoutEvents && isEvents(section))) return [];
    const title = section.kind === 'other' ? `"${section.name}"` : `${section.kind} ${section.name}`;
    return found.get(`${section.kind} ${section.name}`)?.hex() === section.digest
      ? []
      : [`${title} is not the same after the load`];
  });
}

function missingObjects(manifest: Manifest, present: Manifest['objects'], withoutEvents: boolean): string[] {
  const kinds = (Object.keys(present) as (keyof typeof present)[]).filter((kind) => !withoutEvents || kind !== 'event');
  return kinds.flatMap((kind) => {
    const missing = (manifest.objects[kind] ?? []).filter((name) => !present[kind]?.includes(name));
    return missing.map((name) => `${kind} ${name} is missing after the load`);
  });
}
