import { after } from '../clock.js';
import type { Door } from '../contract.js';
import type { Crossing } from './crossing.js';

/** CHECKLIST rule 3: "Refusal is: accept, wait for the client's first bytes (at most 1 s), reset." */
const REFUSE_AFTER_MS = 1000;
/** How long a client that was answered may take to close its side. */
const LINGER_MS = 1000;
/** A longer head is no head: such a client is left without an answer. */
const MAX_HEAD_BYTES = 64 * 1024;

export type ShutDoor = Exclude<Door, { kind: 'open' | 'elsewhere' | 'closed' }>;

/** Meets a connection that never reaches the server. */
export function meet(door: ShutDoor, crossing: Crossing): void {
  if (door.kind === 'refuse') refuse(crossing);
  else if (door.kind === 'answer') answer(crossing, Buffer.from(door.bytes, 'latin1'));
  else hang(crossing);
}

function refuse(crossing: Crossing): void {
  let isDone = false;
  const reset = () => {
    if (!isDone) crossing.turnedAway();
    isDone = true;
    crossing.reset();
  };
  const patience = after(REFUSE_AFTER_MS, reset);
  crossing.client.once('data', reset);
  crossing.client.once('end', reset);
  crossing.client.once('close', () => patience[Symbol.dispose]());
}

/** Reads for ever. A client that has closed its side has given up: there is nothing more to learn from it. */
function hang(crossing: Crossing): void {
  crossing.client.once('data', () => crossing.turnedAway());
  crossing.client.once('end', () => crossing.client.end());
}

function answer(crossing: Crossing, bytes: Buffer): void {
  const { client } = crossing;
  let head = '';
  const onBytes = (chunk: Buffer) => {
    head += chunk.toString('latin1');
    if (!head.includes('\r\n\r\n')) {
      if (head.length > MAX_HEAD_BYTES) client.off('data', onBytes);
      return;
    }
    client.off('data', onBytes);
    crossing.answer(bytes);
    crossing.turnedAway();
    crossing.end();
    const linger = after(LINGER_MS, () => client.destroy());
    client.once('close', () => linger[Symbol.dispose]());
  };
  client.on('data', onBytes);
  client.once('end', () => client.end());
}
