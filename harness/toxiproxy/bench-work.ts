import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { after, delay, every, nowMs } from '../clock.js';

/** The pieces of work that the benchmark gives to each server alike. Times are milliseconds. */

const PAYLOAD = Buffer.alloc(64, 'p');
const MESSAGE = Buffer.alloc(1024, 'm');
/** What 32 chat-like connections send beside a measured one. */
const LOAD_CONNECTIONS = 32;
const LOAD_EVERY_MS = 10;

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Round trips of one small message after another on one connection. */
export async function roundTrips(port: number, count: number): Promise<number[]> {
  const socket = await open(port);
  const times: number[] = [];
  await new Promise<void>((resolve, reject) => {
    let sentAtMs = 0;
    let got = 0;
    const send = () => {
      sentAtMs = nowMs();
      socket.write(PAYLOAD);
    };
    socket.on('data', (bytes) => {
      got += bytes.length;
      if (got < PAYLOAD.length) return;
      got = 0;
      times.push(nowMs() - sentAtMs);
      if (times.length === count) resolve();
      else send();
    });
    socket.on('close', () => reject(new Error(`the connection closed after ${times.length} round trips`)));
    send();
  });
  socket.destroy();
  return times;
}

/** The same, while other connections send messages at their own pace. */
export async function loadedRoundTrips(port: number, count: number): Promise<number[]> {
  const others = await Promise.all(Array.from({ length: LOAD_CONNECTIONS }, () => open(port)));
  const running: Disposable[] = [];
  others.forEach((socket, index) => {
    socket.resume();
    // Spread over the interval.
    const start = () => running.push(every(LOAD_EVERY_MS, () => void socket.write(MESSAGE)));
    running.push(after((index * LOAD_EVERY_MS) / LOAD_CONNECTIONS, start));
  });
  await delay(100);
  const times = await roundTrips(port, count);
  for (const one of running) one[Symbol.dispose]();
  for (const socket of others) socket.destroy();
  return times;
}

/** Megabytes (10^6) a second of so many connections that receive at once. */
export async function throughput(port: number, connections: number, totalBytes: number): Promise<number> {
  const each = Math.floor(totalBytes / connections);
  const startMs = nowMs();
  await Promise.all(
    Array.from(
      { length: connections },
      () =>
        new Promise<void>((resolve, reject) => {
          let got = 0;
          const socket = connect({
            port,
            host: '127.0.0.1',
            // One buffer for all reads: what is measured is the sender and the proxy.
            onread: {
              buffer: Buffer.alloc(256 * 1024),
              callback: (size) => {
                got += size;
                return true;
              },
            },
          });
          socket.write(String(each));
          socket.on('error', () => undefined);
          socket.on('close', () => (got === each ? resolve() : reject(new Error(`${got} of ${each} bytes came`))));
        }),
    ),
  );
  return (each * connections) / 1000 / (nowMs() - startMs);
}

/** Connections a second: opened, used for one message there and back, closed; 16 at a time. */
export async function connectionRate(port: number, count: number): Promise<number> {
  const startMs = nowMs();
  let left = count;
  const lane = async () => {
    while (left-- > 0) {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.on('error', () => undefined);
      socket.write('x');
      await once(socket, 'data');
      socket.destroy();
    }
  };
  await Promise.all(Array.from({ length: 16 }, lane));
  return count / ((nowMs() - startMs) / 1000);
}

/** Kilobytes of resident memory that one open connection costs, one message exchanged on each. */
export async function memoryPerConnection(port: number, pids: readonly number[], count: number): Promise<number> {
  const resident = () => pids.reduce((sum, pid) => sum + residentKilobytes(pid), 0);
  await delay(300);
  const before = resident();
  const sockets: Socket[] = [];
  for (let from = 0; from < count; from += 100) {
    const some = await Promise.all(Array.from({ length: Math.min(100, count - from) }, () => open(port)));
    await Promise.all(
      some.map((socket) => {
        socket.write(MESSAGE);
        return once(socket, 'data');
      }),
    );
    sockets.push(...some);
  }
  await delay(300);
  const after = resident();
  for (const socket of sockets) socket.destroy();
  return (after - before) / count;
}

export function residentKilobytes(pid: number): number {
  const [, text = 'NaN'] = /^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(text);
}

/** The value below which this share of them lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
