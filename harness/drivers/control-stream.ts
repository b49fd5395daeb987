import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { every, nowMs } from '../clock.js';
import { decoderOf } from '../path/sse-tap.js';
import type { Address } from '../scenario.js';

const EVERY_MS = 200;

/**
 * A stream of our own through a proxy, beside the target's: what happens to it is what that proxy does to streams with just
 * these headers. One event every 200 ms, each with its number.
 */
export interface ControlStream extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** How many requests have reached it. */
  readonly asked: number;
  /** How long the event that waited longest was, or still is, on its way to `reader`. */
  longestLagMs(reader: ControlReader): number;
}

export interface ControlReader extends Disposable {
  /** When each event arrived, by its number. */
  readonly arrivals: ReadonlyMap<number, number>;
  readonly encoding: string | undefined;
  readonly complete: boolean;
}

export async function startControlStream(options: {
  readonly headers?: OutgoingHttpHeaders;
  /** After so many events it ends in an orderly way; without it never. */
  readonly events?: number;
}): Promise<ControlStream> {
  let asked = 0;
  let number = 0;
  const sentAtMs = new Map<number, number>();
  const pushing = new Set<Disposable>();
  const server = createServer((_, response) => {
    asked += 1;
    let left = options.events ?? Number.POSITIVE_INFINITY;
    response.writeHead(200, { 'content-type': 'text/event-stream', ...options.headers });
    response.flushHeaders();
    const push = every(EVERY_MS, () => {
      if (left-- <= 0) return void response.end();
      number += 1;
      sentAtMs.set(number, nowMs());
      response.write(`data: {"control":${number}}\n\n`);
    });
    pushing.add(push);
    response.on('close', () => push[Symbol.dispose]()).on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    get asked() {
      return asked;
    },
    longestLagMs: ({ arrivals }) =>
      Math.max(0, ...[...sentAtMs].map(([sent, atMs]) => (arrivals.get(sent) ?? nowMs()) - atMs)),
    [Symbol.asyncDispose]: async () => {
      for (const push of pushing) push[Symbol.dispose]();
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Reads what comes from this port; returns before anything has. */
export function readControlStream({ host, port }: Address): ControlReader {
  const arrivals = new Map<number, number>();
  let encoding: string | undefined;
  let complete = false;
  let text = '';
  const take = (bytes: Buffer) => {
    text += bytes.toString('latin1');
    const whole = text.lastIndexOf('\n\n');
    for (const [, number] of text.slice(0, whole + 2).matchAll(/"control":(\d+)/g))
      arrivals.set(Number(number), nowMs());
    text = text.slice(whole + 2);
  };
  const headers = { accept: 'text/event-stream', 'accept-encoding': 'gzip' };
  const request = get({ host, port, path: '/', headers, agent: false }, (response: IncomingMessage) => {
    encoding = response.headers['content-encoding'];
    const unpack = decoderOf(encoding);
    unpack?.on('data', take).on('error', () => {});
    response.on('data', (bytes: Buffer) => (unpack ? unpack.write(bytes) : take(bytes)));
    response.on('end', () => {
      complete = true;
    });
    response.on('error', () => {});
  });
  request.on('error', () => {});
  return {
    arrivals,
    get encoding() {
      return encoding;
    },
    get complete() {
      return complete;
    },
    [Symbol.dispose]: () => request.destroy(),
  };
}
