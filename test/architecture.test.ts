import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const SRC = join(import.meta.dirname, '../src');

interface Import {
  readonly file: string;
  /** Relative to src for our own modules; the name of the package otherwise. */
  readonly imported: string;
  readonly isOwn: boolean;
  /** Gone after compilation: it says what something looks like and loads nothing. */
  readonly isType: boolean;
  /** Loaded only when it is needed. */
  readonly isDynamic: boolean;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .sort();
const texts = new Map(files.map((file) => [file, readFileSync(join(SRC, file), 'utf8')]));
const imports = files.flatMap(importsOf);

function importsOf(file: string): Import[] {
  const text = texts.get(file) ?? '';
  const found = [
    ...text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)';/gm),
    ...text.matchAll(/\bimport\((?:\/\*.*?\*\/)?()'([^']+)'\)/g),
  ];
  return found.map((match) => {
    const [whole, typeWord, specifier = ''] = match;
    const isOwn = specifier.startsWith('.');
    const path = isOwn ? relative(SRC, join(SRC, dirname(file), specifier)) : specifier;
    const imported = isOwn ? path : path.startsWith('@') ? path.split('/').slice(0, 2).join('/') : packageOf(path);
    return { file, imported, isOwn, isType: Boolean(typeWord), isDynamic: whole.startsWith('import(') };
  });
}

function packageOf(specifier: string): string {
  return specifier.startsWith('node:') ? specifier : (specifier.split('/')[0] ?? specifier);
}

/** `commands` for a file in that folder; the file's own name for one that lies in src itself. */
function layerOf(path: string): string {
  return path.includes('/') ? (path.split('/')[0] ?? path) : path;
}

/** From the top down. A layer imports from layers below it, and from its own. Types may be known from anywhere below main. */
const LAYERS: readonly (readonly string[])[] = [
  ['main.ts'],
  ['cli.ts'],
  ['cli'],
  ['commands'],
  ['preflight'],
  ['artisan'],
  ['rehearsal'],
  ['phases'],
  ['run'],
  ['statements'],
  ['flashback'],
  ['binlog'],
  ['demo'],
  ['private-server'],
  ['saved-rows'],
  ['exchange'],
  ['notify'],
  ['report'],
  ['watch'],
  ['terminal', 'backup', 'app', 'plan'],
  ['config'],
  ['migrations', 'schema'],
  ['mysql'],
  ['system'],
  ['errors.ts', 'context.ts', 'version.ts'],
];
const DEPTHS = new Map(LAYERS.flatMap((names, depth) => names.map((name) => [name, depth] as const)));

function depthOf(path: string): number {
  const depth = DEPTHS.get(layerOf(path));
  if (depth === undefined) throw new Error(`${layerOf(path)} has no layer: give it one here and in docs/decisions`);
  return depth;
}

function describeImport({ file, imported }: Import): string {
  return `${file} → ${imported}`;
}

describe('imports', () => {
  test('code is imported downwards only', () => {
    const upward = imports.filter(
      (one) =>
        one.isOwn &&
        !one.isType &&
        layerOf(one.file) !== layerOf(one.imported) &&
        depthOf(one.imported) <= depthOf(one.file),
    );
    expect(upward.map(describeImport)).toEqual([]);
  });

  test('nobody imports main, and only main the command tree', () => {
    const wrong = imports.filter(
      (one) => one.imported === 'main.ts' || (one.imported === 'cli.ts' && one.file !== 'main.ts'),
    );
    expect(wrong.map(describeImport)).toEqual([]);
  });

  test('no command is loaded before it is run', () => {
    const early = imports.filter(
      (one) =>
        layerOf(one.file).startsWith('cli') && one.imported.startsWith('commands/') && !one.isType && !one.isDynamic,
    );
    expect(early.map(describeImport)).toEqual([]);
  });

  test('no two files need each other, not even by a type', () => {
    const graph = new Map(
      files.map((file) => [
        file,
        imports.filter((one) => one.file === file && one.isOwn && !one.isDynamic).map((one) => one.imported),
      ]),
    );
    const cycles = files.filter((file) => reaches(graph, graph.get(file) ?? [], file));
    expect(cycles).toEqual([]);
  });
});

function reaches(graph: ReadonlyMap<string, readonly string[]>, from: readonly string[], goal: string): boolean {
  const seen = new Set<string>();
  const open = [...from];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (file === goal) return true;
    if (seen.has(file)) continue;
    seen.add(file);
    open.push(...(graph.get(file) ?? []));
  }
  return false;
}

describe('one path to each effect', () => {
  const usersOf = (names: readonly string[]) =>
    [...new Set(imports.filter((one) => names.includes(one.imported) && !one.isType).map((one) => one.file))].sort();

  test.each([
    [['chalk', 'ora', 'cli-spinners', 'log-update'], /^terminal\//],
    [['inquirer', '@inquirer/prompts', '@inquirer/core'], /^terminal\/prompt\.ts$/],
    [['execa', 'node:child_process'], /^system\/exec\.ts$/],
    [['mysql2'], /^mysql\//],
    [['zod', 'yaml'], /^(config\/|demo\/folder\.ts$)/],
    [['commander'], /^cli(\.ts$|\/)/],
    [['nodemailer'], /^notify\/send\.ts$/],
  ])('%j', (names, allowed) => {
    expect(usersOf(names).filter((file) => !allowed.test(file))).toEqual([]);
  });

  test('the web is asked by system/http alone: the first `fetch` of a process takes a third of a second of its time', () => {
    const askers = files.filter((file) =>
      /\bfetch\(|getBuiltinModule\([^\n]*'node:https?'/.test(texts.get(file) ?? ''),
    );
    expect(askers).toEqual(['system/http.ts']);
  });

  test('the process is ended by main alone', () => {
    const enders = files.filter((file) => /\bprocess\.(?:exit|abort)\(/.test(texts.get(file) ?? ''));
    expect(enders).toEqual(['main.ts']);
  });

  test('nothing is printed but through the ports of main: everything else reports', () => {
    const printers = files.filter((file) => /\bconsole\.|process\.std(?:out|err)\b/.test(texts.get(file) ?? ''));
    expect(printers).toEqual(['commands/shared/ports.ts', 'main.ts']);
  });

  test('versions are compared by compareVersions alone: as texts, 10 comes before 9', () => {
    const asTexts = [
      /\bversion\b\s+[<>]=?\s+[\w$.]/,
      /[\w$)]\s+[<>]=?\s+[\w$.]*\bversion\b/,
      /ORDER BY [^`]*\bversion\b/,
      /\bversion\.localeCompare\(/,
    ];
    const lines = files.flatMap((file) =>
      (texts.get(file) ?? '')
        .split('\n')
        .filter((line) => !/^\s*(?:\*|\/[/*])/.test(line) && asTexts.some((pattern) => pattern.test(line)))
        .map((line) => `${file}: ${line.trim()}`),
    );
    expect(lines).toEqual([]);
    const bare = files.filter((file) =>
      (texts.get(file) ?? '')
        .split(/;\n/)
        .some((statement) => /version[\s\S]*\.(?:sort|toSorted)\(\)/i.test(statement.slice(-300))),
    );
    expect(bare).toEqual([]);
  });

  test('plans are made of what they are given', () => {
    const impure = files
      .filter((file) => file.startsWith('plan/'))
      .filter((file) => {
        const outside = imports.some(
          (one) => one.file === file && !one.isOwn && builtinModules.includes(one.imported.replace('node:', '')),
        );
        return outside || /\bprocess\.|\bDate\b|\bMath\.random|\bfetch\b/.test(texts.get(file) ?? '');
      });
    expect(impure).toEqual([]);
  });
});

describe('house rules', () => {
  test('there is no default export and no barrel', () => {
    const wrong = files.filter(
      (file) => /^export default\b|^export \* from/m.test(texts.get(file) ?? '') || file.endsWith('/index.ts'),
    );
    expect(wrong).toEqual([]);
  });

  test('no room holds more than 18 files', () => {
    const sizes = new Map<string, number>();
    for (const file of files) sizes.set(dirname(file), (sizes.get(dirname(file)) ?? 0) + 1);
    expect([...sizes].filter(([, size]) => size > 18)).toEqual([]);
  });

  test('no file is over 250 lines, half of them at most 80', () => {
    const lengths = files.map((file) => (texts.get(file) ?? '').split('\n').length - 1).sort((a, b) => a - b);
    expect(lengths.at(-1)).toBeLessThanOrEqual(250);
    expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThanOrEqual(80);
  });
});
