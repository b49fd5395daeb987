import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from '../clock.js';
import { HarnessError } from '../errors.js';
import { makeOwnFolder } from '../target/own-folder.js';
import { run } from '../target/packet-drop.js';

/** How a name is answered. A name that nobody has told about does not exist. */
export interface Zone {
  address: string;
  answer: 'address' | 'servfail' | 'slow';
  /** Every question, whatever it was answered; by its answer. */
  readonly lookups: { address: number; servfail: number; slow: number };
}

export interface Resolver extends AsyncDisposable {
  add(name: string, address: string): Zone;
}

const HOST = '127.0.0.1';
const PORT = 53;
/** So short that a client which heeds it asks again at its next attempt. */
const TTL_S = 5;
const HEADER_BYTES = 12;
const TYPE_A = 1;
const SERVFAIL = 2;
const NXDOMAIN = 3;

/**
 * The resolver of all programs of this process's own network and mount namespace. Answers are so small (RFC 1035: a
 * header, the question as it came, at most one address) that no library is needed.
 */
export async function openResolver(slowMs: number): Promise<Resolver> {
  const zones = new Map<string, Zone>();
  const socket = createSocket('udp4');
  const waiting = new Set<Disposable>();
  socket.on('error', () => {}); // A client that is gone.
  socket.on('message', (query, { port, address }) => {
    const question = questionOf(query);
    if (!question) return;
    const zone = zones.get(question.name);
    if (zone) zone.lookups[zone.answer] += 1;
    const reply = answerTo(query, question, zone);
    if (zone?.answer !== 'slow') return socket.send(reply, port, address);
    const late = after(slowMs, () => {
      waiting.delete(late);
      socket.send(reply, port, address);
    });
    waiting.add(late);
  });
  socket.bind(PORT, HOST);
  await Promise.race([
    once(socket, 'listening'),
    once(socket, 'error').then(([error]) => {
      throw new HarnessError('NO_RESOLVER', `no resolver can listen on ${HOST}:${PORT} (${String(error)})`);
    }),
  ]);
  const folder = makeOwnFolder('dns');
  useInstead(folder, '/etc/resolv.conf', `nameserver ${HOST}\n`);
  // Other sources of names would not know ours, and may be asked first.
  if (existsSync('/etc/nsswitch.conf')) {
    const rest = readFileSync('/etc/nsswitch.conf', 'utf8').replace(/^hosts:.*$/gm, '');
    useInstead(folder, '/etc/nsswitch.conf', `hosts: files dns\n${rest}`);
  }
  return {
    add(name, address) {
      const zone: Zone = { address, answer: 'address', lookups: { address: 0, servfail: 0, slow: 0 } };
      zones.set(name, zone);
      return zone;
    },
    [Symbol.asyncDispose]: async () => {
      for (const late of waiting) late[Symbol.dispose]();
      socket.close();
      await once(socket, 'close');
      // The mounts end with the namespace.
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function useInstead(folder: string, file: string, text: string): void {
  const own = join(folder, file.replaceAll('/', '_'));
  writeFileSync(own, text, { mode: 0o644 });
  const problem = run(['mount', '--bind', own, file]);
  if (problem !== undefined) throw new HarnessError('NO_RESOLVER', `${file} cannot be replaced here: ${problem}`);
}

interface Question {
  readonly name: string;
  readonly type: number;
  /** Where it ends in the message. */
  readonly end: number;
}

export function questionOf(query: Buffer): Question | undefined {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query[at]; length !== 0; length = query[at]) {
    if (length === undefined || length > 63) return undefined;
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const end = at + 5;
  return end > query.length
    ? undefined
    : { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end };
}

export function answerTo(query: Buffer, { type, end }: Question, zone: Zone | undefined): Buffer {
  const code = zone === undefined ? NXDOMAIN : zone.answer === 'servfail' ? SERVFAIL : 0;
  const found = code === 0 && zone !== undefined && type === TYPE_A;
  const head = Buffer.alloc(HEADER_BYTES);
  query.copy(head, 0, 0, 2);
  head.writeUInt16BE(0x8180 | code, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(found ? 1 : 0, 6);
  const question = query.subarray(HEADER_BYTES, end);
  if (!found) return Buffer.concat([head, question]);
  const record = Buffer.alloc(12);
  record.writeUInt16BE(0xc00c, 0); // The name of the question.
  record.writeUInt16BE(TYPE_A, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(TTL_S, 6);
  record.writeUInt16BE(4, 10);
  return Buffer.concat([head, question, record, Buffer.from(zone.address.split('.').map(Number))]);
}
