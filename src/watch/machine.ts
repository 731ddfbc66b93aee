import { readFile, statfs } from 'node:fs/promises';
import type { Space } from './evidence.ts';

/** Folders whose disks are looked at, each disk once; what cannot be looked at is left out. */
export async function readSpaces(folders: readonly string[]): Promise<Space[]> {
  const spaces = new Map<string, Space>();
  for (const name of folders) {
    const disk = await statfs(name).catch(() => undefined);
    if (!disk || disk.blocks === 0) continue;
    const key = `${disk.type} ${disk.blocks} ${disk.files}`;
    if (!spaces.has(key)) spaces.set(key, { name, freeShare: disk.bavail / disk.blocks });
  }
  const memory = await freeMemory();
  return [...spaces.values(), ...(memory === undefined ? [] : [{ name: 'memory', freeShare: memory }])];
}

/** MemAvailable of proc(5): what programs can have without swapping. */
async function freeMemory(): Promise<number | undefined> {
  const text = await readFile('/proc/meminfo', 'utf8').catch(() => '');
  const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]);
  const share = of('MemAvailable') / of('MemTotal');
  return Number.isFinite(share) ? share : undefined;
}
