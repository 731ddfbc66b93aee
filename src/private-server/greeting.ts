import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const PROTOCOL_VERSION_10 = 10;
const ANSWER_TIMEOUT_MS = 500;
const PAUSE_MS = 5;

/** True once the server greets on its socket; false when `isOver` says that waiting is pointless. */
export async function waitForGreeting(socket: string, isOver: () => boolean): Promise<boolean> {
  while (!isOver()) {
    if (await greets(socket)) return true;
    await sleep(PAUSE_MS);
  }
  return false;
}

/**
 * A server that takes connections sends a handshake whose first byte after the packet header is the protocol
 * version; one that still starts, or has no slot left, sends an error packet (MySQL Internals, "Connection Phase").
 */
function greets(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    const settle = (answer: boolean) => {
      connection.destroy();
      resolve(answer);
    };
    connection.setTimeout(ANSWER_TIMEOUT_MS, () => settle(false));
    connection.once('data', (packet) => settle(packet[4] === PROTOCOL_VERSION_10));
    connection.once('error', () => settle(false));
    connection.once('close', () => resolve(false));
  });
}
