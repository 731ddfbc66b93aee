import type { LexicalModes } from './sql/lexer.ts';
import { type Script, type SectionHeading, type SyntaxProblem, splitScript } from './sql/split.ts';
import { toStatement } from './sql/statement.ts';
import { findTemporaryProblems, TEMPORARY_TABLE } from './temporary.ts';
import { findTransactionProblems } from './transactions.ts';
import type { Allowance, Migration, Statement } from './types.ts';

export const SECTIONS = ['up', 'down', 'check', 'verify'] as const;
export type SectionName = (typeof SECTIONS)[number];

export interface ParsedFile {
  readonly sections: Readonly<Record<SectionName, readonly Statement[]>>;
  /** The sections that the file has, empty ones too. */
  readonly present: ReadonlySet<SectionName>;
  readonly allows: readonly Allowance[];
  readonly problems: readonly SyntaxProblem[];
}

const ALLOWANCE = /^([\w-]+)\s+(\S.*)/;
const QUERIES = ['SELECT', 'SHOW', 'EXPLAIN', 'DESCRIBE', 'DESC', 'TABLE', 'VALUES'];

/** A file with `-- migrate:` headings. All problems at once; what could be read is returned beside them. */
export function parseSections(text: string, modes?: LexicalModes): ParsedFile {
  const script = splitScript(text, modes);
  const sections: Record<SectionName, Statement[]> = { up: [], down: [], check: [], verify: [] };
  const present = new Map<SectionName, number>();
  const problems = [...script.problems];
  let current: SectionName | 'none' | 'unknown' = 'none';
  for (const piece of script.pieces) {
    if (piece.type === 'section') {
      if (piece.name === 'allow') problems.push(...checkAllowance(piece));
      else current = openSection(piece, present, problems);
    } else if (current === 'none') {
      problems.push({
        line: piece.line,
        what: 'a statement stands before the first section',
        remedy: 'put it below the line -- migrate:up',
      });
      current = 'unknown';
    } else if (current !== 'unknown') {
      sections[current].push(toStatement(piece.text, piece.line, piece.modes));
    }
  }
  problems.push(...SECTIONS.flatMap((name) => checkSection(name, sections[name])));
  const allows = readAllowances(script);
  problems.push(...[sections.up, sections.down].flatMap((section) => temporaryProblems(section, allows)));
  return { sections, present: new Set(present.keys()), allows, problems: sortByLine(problems) };
}

/** A migration as its text was noted when it was applied: whatever was wrong with it was refused then. */
export function parseMigrationText(
  text: string,
  noted: Pick<Migration, 'version' | 'name' | 'baseName' | 'checksum'>,
  modes?: LexicalModes,
): Migration {
  const { version, name, baseName, checksum } = noted;
  const { sections, allows } = parseSections(text, modes);
  return { version, name, baseName, checksum, path: `${baseName}.sql`, text, ...sections, allows };
}

/** A file of which all is one section: half of a golang-migrate pair. */
export function parseWhole(text: string, name: SectionName, modes?: LexicalModes): ParsedFile {
  const script: Script = splitScript(text, modes);
  const statements: Statement[] = [];
  const problems = [...script.problems];
  for (const piece of script.pieces) {
    if (piece.type === 'statement') statements.push(toStatement(piece.text, piece.line, piece.modes));
    else if (piece.name !== 'allow') {
      problems.push({
        line: piece.line,
        what: `the heading -- migrate:${piece.name} stands in one file of a pair`,
        remedy: 'remove it, or put all sections into one file that ends in .sql alone',
      });
    }
  }
  problems.push(...checkSection(name, statements));
  const sections = { up: [], down: [], check: [], verify: [], [name]: statements };
  const allows = readAllowances(script);
  problems.push(...temporaryProblems(statements, allows));
  return { sections, present: new Set([name]), allows, problems: sortByLine(problems) };
}

function temporaryProblems(statements: readonly Statement[], allows: readonly Allowance[]): SyntaxProblem[] {
  return allows.some(({ name }) => name === TEMPORARY_TABLE) ? [] : findTemporaryProblems(statements);
}

function openSection(
  heading: SectionHeading,
  present: Map<SectionName, number>,
  problems: SyntaxProblem[],
): SectionName | 'unknown' {
  const name = SECTIONS.find((section) => section === heading.name);
  if (!name) {
    const known = SECTIONS.map((section) => `-- migrate:${section}`).join(', ');
    problems.push({
      line: heading.line,
      what: `there is no section -- migrate:${heading.name}`,
      remedy: `use one of ${known}`,
    });
    return 'unknown';
  }
  const earlier = present.get(name);
  if (earlier !== undefined) {
    problems.push({
      line: heading.line,
      what: `a second section -- migrate:${name} (the first is on line ${earlier})`,
      remedy: 'join the two, or make two migrations',
    });
  }
  present.set(name, earlier ?? heading.line);
  return name;
}

function readAllowances(script: Script): Allowance[] {
  return script.pieces.flatMap((piece) => {
    const match = piece.type === 'section' && piece.name === 'allow' ? ALLOWANCE.exec(piece.argument) : null;
    return match ? [{ name: match[1] ?? '', reason: match[2] ?? '', line: piece.line }] : [];
  });
}

function checkAllowance({ argument, line }: SectionHeading): SyntaxProblem[] {
  if (ALLOWANCE.test(argument)) return [];
  return [{ line, what: '-- migrate:allow without a name and a reason', remedy: 'write -- migrate:allow NAME why' }];
}

function checkSection(name: SectionName, statements: readonly Statement[]): SyntaxProblem[] {
  if (name === 'check' || name === 'verify') {
    return statements
      .filter((statement) => statement.kind !== 'admin' || !QUERIES.includes(statement.verb))
      .map((statement) => ({
        line: statement.line,
        what: `${statement.verb} stands in the section -- migrate:${name}`,
        remedy: 'keep to queries there: they pass when they return no row',
      }));
  }
  const refused = statements.flatMap((statement) =>
    statement.kind === 'forbidden'
      ? [
          {
            line: statement.line,
            what: `${statement.verb} cannot be part of a migration`,
            remedy: statement.reason ?? '',
          },
        ]
      : [],
  );
  return [...refused, ...findTransactionProblems(statements)];
}

function sortByLine(problems: readonly SyntaxProblem[]): SyntaxProblem[] {
  return problems.toSorted((a, b) => a.line - b.line);
}
