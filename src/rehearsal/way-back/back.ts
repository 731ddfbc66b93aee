import { messageOf } from '../../errors.ts';
import { diffSnapshots, formatDifferences, type ObjectDifference } from '../../schema/diff.ts';
import type { Snapshot } from '../../schema/types.ts';
import { ownTables } from '../../statements/way-back/own-tables.ts';
import type { Creations } from '../clone/clone.ts';
import type { Finding } from '../finding.ts';
import { type Applied, journalRows } from '../forward.ts';
import { withoutRows } from '../refusal.ts';
import { Escaped, perform, Refused, type Stage } from '../stage.ts';
import { routeOn } from './inverses.ts';
import { repairTo } from './repair.ts';

const GROUP = 'way back';

export interface WentBack {
  readonly findings: readonly Finding[];
  /** False: the clone could not be brought back to before, so nothing more can be learnt from it. */
  readonly isBefore: boolean;
}

/**
 * Undoes what was applied, one migration at a time, newest first. After each the schema must be exactly what it was
 * before it; what is not is named, put right, and the next one is looked at.
 */
export async function goBack(stage: Stage, applied: readonly Applied[], creations: Creations): Promise<WentBack> {
  const findings: Finding[] = [];
  for (const one of applied.toReversed()) {
    const finding = await undoOne(stage, one);
    if (finding) {
      findings.push(finding);
      if (!(await repairTo(one, stage, creations))) return { findings, isBefore: false };
    }
  }
  const [oldest] = applied;
  if (!oldest) return { findings, isBefore: true };
  // After each only what its statements touch was read: at the end everything is.
  const beyond = leftover(diffSnapshots(oldest.before, await stage.schema.reread()), oldest);
  if (beyond) findings.push(beyond);
  return { findings, isBefore: beyond === undefined || (await repairTo(oldest, stage, creations)) };
}

async function undoOne(stage: Stage, applied: Applied): Promise<Finding | undefined> {
  const { migration, before, steps } = applied;
  const about = { level: 'error', group: GROUP, version: migration.version } as const;
  const performed = steps.map((step) => step.performed);
  const own = ownTables(migration, journalRows(applied, performed), applied.madeBefore);
  const route = await routeOn(stage, applied, performed, own);
  if (route.by === 'none') {
    return {
      ...about,
      name: 'no-way-back',
      object: migration.baseName,
      what: 'no certain way leads back',
      why: route.reason,
      fix: 'write a section -- migrate:down that undoes every statement',
    };
  }
  try {
    await perform(stage, route.statements);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error instanceof Escaped) return { ...error.finding, version: migration.version };
    const fix = 'mend the section -- migrate:down';
    return {
      ...about,
      name: 'down-fails',
      object: `statement ${error.ordinal} of ${route.statements.length} of the way back`,
      what: `${error.statement.verb} is refused: ${messageOf(error)}`,
      why: `a rollback would stop there (the way back by ${route.by})`,
      fix,
      ...withoutRows(error, stage.hasRows, fix),
    };
  }
  return leftover(diffSnapshots(before, stage.schema.now), applied);
}

function leftover(differences: readonly ObjectDifference[], { migration }: Applied): Finding | undefined {
  if (differences.length === 0) return undefined;
  const names = differences.map(({ object, change }) => `${object.replace(':', ' ')} (${CHANGE[change]})`);
  return {
    name: 'down-leaves-something',
    level: 'error',
    group: GROUP,
    version: migration.version,
    object: names.join(', '),
    what: 'the schema after the way back is not what it was before',
    why: ['- before, + after going forward and back:', ...formatDifferences(differences)].join('\n'),
    fix: rememberedFix(differences) ?? 'let the section -- migrate:down undo this too',
  };
}

/** What a view or a stored program remembers of the session that made it, and how to write it. */
const REMEMBERED: readonly (readonly [line: RegExp, write: (value: string) => string])[] = [
  [/^- connection collation (\w+)$/, (value) => `SET collation_connection = '${value}'`],
  [/^- client charset (\w+)$/, (value) => `SET character_set_client = '${value}'`],
  [/^- sql_mode (.*)$/, (value) => `SET sql_mode = '${value}'`],
];

/** The section does undo it, but under other settings; undefined where more is different. */
function rememberedFix(differences: readonly ObjectDifference[]): string | undefined {
  const settings = new Set<string>();
  for (const { change, lines } of differences) {
    if (change !== 'changed') return undefined;
    for (const line of lines.filter((one) => one.startsWith('- '))) {
      const setting = REMEMBERED.flatMap(([pattern, write]) => {
        const value = pattern.exec(line)?.[1];
        return value === undefined ? [] : [write(value)];
      });
      if (setting.length === 0) return undefined;
      for (const one of setting) settings.add(one);
    }
  }
  const list = [...settings].join('; ');
  return settings.size === 0
    ? undefined
    : `it is made again under other settings than it remembers: write ${list}; before it in the section -- migrate:down`;
}

const CHANGE: Record<ObjectDifference['change'], string> = {
  added: 'stays behind',
  removed: 'is gone',
  changed: 'is different',
};

/** PURE: forward for the second time must end where it ended the first time. */
export function compareRepetition(first: readonly Applied[], second: readonly Applied[]): Finding[] {
  for (const [index, one] of first.entries()) {
    const [wanted, got] = [endOf(one), endOf(second[index] ?? one)];
    if (wanted.fingerprint === got.fingerprint) continue;
    return [
      {
        name: 'up-not-repeatable',
        level: 'error',
        group: 'repeat',
        version: one.migration.version,
        object: diffSnapshots(wanted, got)
          .map(({ object }) => object.replace(':', ' '))
          .join(', '),
        what: 'applied for the second time, after its way back, it ends in another schema',
        why: ['- first, + second time:', ...formatDifferences(diffSnapshots(wanted, got))].join('\n'),
        fix: 'let it not depend on what an earlier attempt left behind',
      },
    ];
  }
  return [];
}

/** The same for a refusal: what could be applied once must be applicable again after its way back. */
export function toRepetition(refused: Finding): Finding {
  return {
    ...refused,
    name: 'up-not-repeatable',
    group: 'repeat',
    why: `it was applied once, undone, and cannot be applied again: the way back leaves something behind, rows perhaps`,
    fix: 'let the section -- migrate:down remove the rows too, or write the statement so that it can be repeated',
  };
}

export function endOf({ before, steps }: Applied): Snapshot {
  return steps.at(-1)?.after ?? before;
}
