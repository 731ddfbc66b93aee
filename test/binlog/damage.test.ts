import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { copyLogs, readInventory } from '../../src/binlog/copy.ts';
import { parseEvent } from '../../src/binlog/events/event.ts';
import { readLogFile } from '../../src/binlog/events/file.ts';
import { parseRowsHead } from '../../src/binlog/events/row-event.ts';
import { cutRange, readRange } from '../../src/binlog/range.ts';
import { findLog } from '../../src/binlog/source.ts';
import { judgeStatement } from '../../src/binlog/statement.ts';
import { surveyLog } from '../../src/binlog/survey.ts';
import { chooseWay, type Surroundings } from '../../src/binlog/way.ts';
import { type Clients, findLogProgram } from '../../src/mysql/clients.ts';
import type { Server, Session } from '../../src/mysql/connect.ts';
import { systemExec } from '../../src/system/exec.ts';
import { temporaryFolder } from '../support/folder.ts';
import { recordedContext } from '../support/recorded-context.ts';
import { subjectOf } from './support.ts';

const SHOP = subjectOf('shop');

const NO_MODES = { ansiQuotes: false, noBackslashEscapes: false };
const MAGIC = Buffer.from('fe62696e', 'hex');

/** An event without a checksum: its header, and nothing else. */
function event(at: number, changes: { type?: number; end?: number; length?: number } = {}): Buffer {
  const bytes = Buffer.alloc(changes.length === undefined ? 23 : Math.max(19, changes.length));
  bytes.writeUInt8(changes.type ?? 2, 4);
  bytes.writeUInt32LE(changes.length ?? bytes.length, 9);
  bytes.writeUInt32LE(changes.end ?? at + bytes.length, 13);
  return bytes;
}

function logOf(...parts: Buffer[]): { folder: string; path: string; end: number } {
  const folder = temporaryFolder();
  const path = join(folder, 'binlog.1');
  const bytes = Buffer.concat(parts);
  writeFileSync(path, bytes);
  return { folder, path, end: bytes.length };
}

async function whatFails(events: AsyncIterable<unknown>): Promise<string> {
  try {
    for await (const _ of events);
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing failed';
}

test('an event that is not where it says, or not what its checksum says, or holds no rows', () => {
  expect(() => parseEvent(event(4, { end: 99 }), 4, false)).toThrow(
    'the event at 4 says that it ends at 99, not at 27',
  );
  const bad = event(4);
  bad.writeUInt32LE(7, 19);
  expect(() => parseEvent(bad, 4, true)).toThrow('the event at 4 does not fit its checksum');
  expect(() => parseRowsHead(parseEvent(event(4), 4, false))).toThrow('an event of type 2 holds no rows');
});

test('a file that is no binary log, or is cut short', async () => {
  const text = logOf(Buffer.from('hello there, this is text'));
  expect(await whatFails(readLogFile(text.path, text.end))).toBe(`${text.path} is not a binary log`);
  const cut = logOf(MAGIC, event(4), event(27).subarray(0, 21));
  expect(await whatFails(readLogFile(cut.path, cut.end))).toBe(
    `${cut.path} has an event at 27 that does not end before ${cut.end}`,
  );
  expect(await whatFails(readLogFile(cut.path, 1_000))).toBe(`${cut.path} ends at ${cut.end}, before 1000`);
  const small = logOf(MAGIC, event(4, { length: 3 }));
  expect(await whatFails(readLogFile(small.path, small.end))).toBe(
    'an event says that it is shorter than its own header',
  );
});

test('a stretch whose ends are no places in the logs', async () => {
  const { folder, end } = logOf(MAGIC, event(4), event(27));
  const range = { folder, files: [{ name: 'binlog.1', end }], from: 30 };
  expect(await whatFails(readRange(range))).toBe('binlog.1 has no event that begins at 30');
  expect(await whatFails(readRange({ ...range, from: 60 }))).toBe(`binlog.1 ends at ${end}, before 60`);
  expect(() => cutRange(range, { file: 'binlog.7', position: 4 })).toThrow(
    'binlog.7 is not part of the binary logs since the backup',
  );
  const survey = surveyLog({ ...range, files: [] }, SHOP, undefined, new AbortController().signal);
  await expect(survey).rejects.toThrow('there is no binary log to read');
});

test('why a statement cannot run in another database', () => {
  const reasonOf = (text: string) => {
    const verdict = judgeStatement({ text, database: 'shop', modes: NO_MODES }, SHOP);
    return 'reason' in verdict ? verdict.reason : verdict.is;
  };
  expect(reasonOf('ALTER TABLE shop.t ADD a INT')).toBe('it names shop in its text');
  expect(reasonOf('CREATE VIEW v AS SELECT 1')).toBe('CREATE VIEW is about more than a table');
  expect(reasonOf('RENAME TABLE other.t TO t')).toBe('it moves tables between two databases, as a restore does');
});
test('why nothing since the backup can be repeated', async () => {
  const server = { flavor: { kind: 'mariadb', version: [10, 11, 0], label: 'MariaDB' } } as unknown as Server;
  const answering = (...answers: unknown[][]) => ({ query: async () => answers.shift() ?? [] }) as unknown as Session;
  const manifest = { position: { file: 'b.1', position: 400, gtid: null }, server: {}, finishedAt: '' };
  const said = async (asked: object, ...answers: unknown[][]) => {
    const found = await findLog({ ...manifest, ...asked } as never, server, answering(...answers));
    return 'problem' in found ? found.problem : found;
  };
  expect(await said({ position: null, positionReason: 'it was not asked' })).toBe(
    'the backup does not know its place in the log: it was not asked',
  );
  expect(await said({}, [{ isOn: 0 }])).toBe('the server writes no binary log (log_bin is OFF)');
  const status = [{ File: 'b.2', Position: 4 }];
  expect(await said({}, [{ isOn: 1 }], status, [{ Log_name: 'b.2', File_size: 4 }])).toBe(
    'the server has removed b.1, which the backup ends in',
  );
  const both = [{ Log_name: 'b.1', File_size: 90 }, ...status.map(({ File }) => ({ Log_name: File, File_size: 4 }))];
  expect(await said({}, [{ isOn: 1 }], status, both)).toBe('b.1 ends before b.1:400: the log was begun anew');
  await expect(readInventory(answering([]), server.flavor)).rejects.toThrow(
    'the server writes no binary log (log_bin is OFF)',
  );
});

test('a log that the server does not send in full, and a program that is missing', async () => {
  const folder = temporaryFolder();
  const clients = {
    dump: join(folder, 'mariadb-dump'),
    shell: '/',
    flavor: { kind: 'mariadb', version: [10, 11, 0], label: 'MariaDB 10.11' },
  } as unknown as Clients;
  const request = {
    logs: [{ name: 'b.1', bytes: 90 }],
    from: { file: 'b.1', position: 4 },
    folder,
    program: 'x',
    clients,
    stepId: 's',
  };
  const copying = (exitCode: number) => {
    const exit = { exitCode, signal: undefined, stdout: '', stderr: 'gone away', ms: 0, failedToStart: false };
    return copyLogs(request, recordedContext(undefined, { exec: { ...systemExec, run: async () => exit } }));
  };
  await expect(copying(1)).rejects.toThrow(/^b\.1 could not be read: `x .+` exited with 1: gone away$/);
  await expect(copying(0)).rejects.toThrow('of b.1 the server sent 0 bytes of 90');
  expect(await findLogProgram(clients)).toEqual({
    problem: `no mariadb-binlog or mysqlbinlog beside ${folder}/mariadb-dump, to read the binary log with`,
    remedy: 'install the package of MariaDB 10.11 that holds mariadb-binlog (Debian: mariadb-client)',
  });
});

test('--in-place leaves nowhere to repeat the log in', () => {
  const survey = { onlyPrivate: undefined, takesNamesAway: undefined, largestBytes: 0 } as never;
  const surroundings = { isInPlace: true, hasDependents: false, whyNoTwin: 'there is no server program' };
  expect(chooseWay(survey, surroundings as unknown as Surroundings)).toEqual({
    is: 'none',
    because: '--in-place leaves no database beside production; and there is no server program',
    remedy: 'restore without --in-place',
  });
});
