import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { expect, onTestFinished, test } from 'vitest';
import { type Blow, startProxy } from './proxy.ts';
import { describeOnServers, type TestServer } from './servers.ts';

async function behindProxy(server: TestServer, database: string, blow?: Blow) {
  const proxy = await startProxy(server.socket, blow);
  onTestFinished(() => proxy.close());
  const open = async () => {
    const connection = await createConnection({
      host: '127.0.0.1',
      port: proxy.port,
      user: 'root',
      database,
      multipleStatements: true,
    });
    connection.on('error', () => undefined);
    onTestFinished(() => connection.destroy());
    return connection;
  };
  return { proxy, open };
}

async function counted(server: TestServer, database: string): Promise<unknown> {
  const connection = await createConnection({ socketPath: server.socket, user: 'root', database });
  const [rows] = await connection.query('SELECT n FROM counters');
  await connection.end();
  return (rows as { n: number }[])[0]?.n;
}

/** Resolves when the blow has fallen. */
function awaited(blow: Omit<Blow, 'onReached'>): { blow: Blow; fallen: Promise<void> } {
  let onReached: () => void = () => undefined;
  const fallen = new Promise<void>((resolve) => {
    onReached = resolve;
  });
  return { blow: { ...blow, onReached }, fallen };
}

async function counters(server: TestServer): Promise<string> {
  const database = await server.createDatabase('proxied');
  await server.sql('CREATE TABLE counters (n INT) ENGINE=InnoDB; INSERT INTO counters VALUES (0)', database);
  return database;
}

const INCREMENT = 'UPDATE counters SET n = n + 1';

describeOnServers('a proxy in front of a server', (server) => {
  test('counts the commands of all connections in order, whatever their answers look like', async () => {
    const { proxy, open } = await behindProxy(server(), await counters(server()));
    const [one, other] = [await open(), await open()];
    await one.query('SELECT 1; SELECT 2');
    await other.query(INCREMENT);
    await expect(one.query('SELECT nothing')).rejects.toThrow("Unknown column 'nothing'");
    await other.ping();
    await one.end();
    const commands = ['SELECT 1; SELECT 2', INCREMENT, 'SELECT nothing', 'command 14', 'QUIT'];
    await expect.poll(() => proxy.commands).toEqual(commands);
  });

  test('before: the server never hears the command', async () => {
    const database = await counters(server());
    const { blow, fallen } = awaited({ at: 2, fate: 'before' });
    const { open } = await behindProxy(server(), database, blow);
    const one = await open();
    await one.query(INCREMENT);
    await expect(one.query(INCREMENT)).rejects.toThrow('Connection lost');
    await fallen;
    expect(await counted(server(), database)).toBe(1);
    await expect(open()).rejects.toThrow();
  });

  test('after: the server has done all of the command, and nobody hears of it', async () => {
    const database = await counters(server());
    const { blow, fallen } = awaited({ at: 2, fate: 'after' });
    const { open } = await behindProxy(server(), database, blow);
    const one = await open();
    await one.query(INCREMENT);
    const several = `START TRANSACTION; SELECT n FROM counters FOR UPDATE; ${INCREMENT}; DO SLEEP(0.2); COMMIT`;
    await expect(one.query(several)).rejects.toThrow('Connection lost');
    await fallen;
    expect(await counted(server(), database)).toBe(2);
  });

  test('after: rows count as sent to a client program of the server too', async () => {
    const { binDir, kind } = server();
    const { blow, fallen } = awaited({ at: kind === 'mysql' ? 3 : 1, fate: 'after' });
    const { proxy } = await behindProxy(server(), await counters(server()), blow);
    const where = ['--no-defaults', '--protocol=tcp', '--host=127.0.0.1', `--port=${proxy.port}`, '--user=root'];
    const program = spawn(join(binDir, kind === 'mysql' ? 'mysql' : 'mariadb'), [...where, '--skip-column-names']);
    program.stdin.end('SELECT 1;\n');
    await fallen;
    await new Promise((resolve) => program.on('close', resolve));
    expect(proxy.commands.at(-1)).toBe('SELECT 1');
  });

  test('after: a goodbye counts as heard when the server has closed the connection', async () => {
    const { blow, fallen } = awaited({ at: 1, fate: 'after' });
    const { open } = await behindProxy(server(), await counters(server()), blow);
    void (await open()).end().catch(() => undefined);
    await fallen;
  });

  test('cut: every connection ends', async () => {
    const { open } = await behindProxy(server(), await counters(server()), { at: 1, fate: 'cut' });
    const [one, other] = [await open(), await open()];
    await expect(one.query('SELECT 1')).rejects.toThrow('Connection lost');
    await expect(other.query('SELECT 1')).rejects.toThrow();
  });

  test('stall: there is no answer, and the connection stays', async () => {
    const database = await counters(server());
    const { blow, fallen } = awaited({ at: 1, fate: 'stall' });
    const { open } = await behindProxy(server(), database, blow);
    const one = await open();
    let isAnswered = false;
    const tell = () => {
      isAnswered = true;
    };
    one.query(INCREMENT).then(tell, tell);
    await fallen;
    expect(await counted(server(), database)).toBe(0);
    expect(isAnswered).toBe(false);
  });

  test('garble: the server has done it, the answer is noise', async () => {
    const database = await counters(server());
    const { open } = await behindProxy(server(), database, { at: 1, fate: 'garble' });
    const one = await open();
    let isUnderstood = false;
    const understand = () => {
      isUnderstood = true;
    };
    one.query(INCREMENT).then(understand, () => undefined);
    await expect.poll(() => counted(server(), database)).toBe(1);
    expect(isUnderstood).toBe(false);
  });
});
