import { createServer } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import { adapterFor, type Host, type Numbered, type Opening } from '../adapter.js';
import { every, nowMs } from '../clock.js';
import { listenOnLoopback } from '../loopback.js';
import type { ReferenceOptions, ReferenceServer, SilentSession } from '../protocol.js';
import type { Address } from '../scenario.js';
import { EnginePolling } from './engine-io-polling.js';
import { plainAnswer } from './plain-answer.js';

const HISTORY = 10_000;
/** The shorter of the usual drain windows, 30-60 s. */
const CLOSE_TIMEOUT_MS = 30_000;
/** Larger than what most servers take; a client may send without an end. */
const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;

/**
 * The server a lone client meets (CHECKLIST rule 10): any path and query, the first subprotocol offered, a ping every
 * 15 s, a numbered message every 200 ms, numbers from a seeded nine-digit base, replay for whoever presents a number.
 */
export async function startReferenceServer(options: ReferenceOptions): Promise<ReferenceServer> {
  const http = createServer((request, response) => {
    if (polling.answer(request, response)) return;
    const { type, body } = plainAnswer(request.url ?? '');
    response.writeHead(200, { 'content-type': type }).end(body);
  });
  // Its types do not know it.
  const patience = { closeTimeout: options.closeTimeoutMs ?? CLOSE_TIMEOUT_MS };
  const server = new WebSocketServer({
    server: http,
    perMessageDeflate: false,
    maxPayload: MAX_PAYLOAD_BYTES,
    ...patience,
    handleProtocols: (offered) => [...offered][0] ?? false,
  });
  let last = options.base;
  let dropping = false;
  let dropped = 0;
  const text = (seq: number) => JSON.stringify({ type: 'message', seq, data: `message ${seq}` });
  const since = (from: number): Numbered[] => {
    const first = Math.max(from + 1, options.base + 1, last - HISTORY + 1);
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => ({ seq: first + i, text: text(first + i) }));
  };
  const replay = (client: WebSocket, from: number) => {
    for (const message of since(from)) client.send(message.text);
  };
  const memory = new Map<string, unknown>();
  const open = (opening: Opening, send: (message: string | Buffer) => void) =>
    adapterFor(opening)?.host({ opening, send, since, memory });
  const polling = new EnginePolling(open);
  const upgraded = new WeakSet<WebSocket>();
  const hosts = new Map<WebSocket, Host>();
  server.on('connection', (client, request) => {
    client.on('error', () => {});
    if (dropping) {
      dropped += 1;
      return client.terminate();
    }
    const opening = { path: request.url ?? '/', subprotocol: client.protocol };
    if (polling.upgrade(opening.path, client)) {
      upgraded.add(client);
      return;
    }
    const host = open(opening, (message) => client.send(message));
    if (host) {
      hosts.set(client, host);
      client.on('message', (raw: Buffer, binary) => host.receive(raw, binary));
      client.on('close', () => {
        host.close();
        hosts.delete(client);
      });
      return;
    }
    const url = new URL(request.url ?? '/', 'http://reference.invalid');
    const header = (name: string) => {
      const value = request.headers[name.toLowerCase()];
      return typeof value === 'string' ? value : undefined;
    };
    const from = options.resumeFrom?.({ url, header });
    if (from !== undefined) replay(client, from);
    client.on('message', (raw) => {
      const asked = options.resumeMessage?.(raw.toString());
      if (asked !== undefined) replay(client, asked);
    });
  });
  const push = every(options.pushMs ?? 200, () => {
    last += 1;
    for (const client of server.clients) {
      const host = hosts.get(client);
      if (host) host.push({ seq: last, text: text(last) });
      else if (!upgraded.has(client)) client.send(text(last));
    }
    for (const host of polling.hosts) host.push({ seq: last, text: text(last) });
  });
  const ping = every(options.pingMs ?? 15_000, () => {
    for (const client of server.clients) client.ping();
  });
  const local = await listenOnLoopback(http);
  return {
    host: local.host,
    port: local.port,
    get last() {
      return last;
    },
    get dropped() {
      return dropped;
    },
    dropNewcomers() {
      dropping = true;
    },
    goAway(code) {
      const open = [...server.clients].filter(({ readyState }) => readyState === WebSocket.OPEN);
      for (const client of open) client.close(code);
      return open.length;
    },
    [Symbol.asyncDispose]: async () => {
      push[Symbol.dispose]();
      ping[Symbol.dispose]();
      polling[Symbol.dispose]();
      for (const client of server.clients) client.terminate();
      await local[Symbol.asyncDispose]();
    },
  };
}

/** It says nothing, whatever subprotocol a target may speak. */
export async function openSilent({ host, port }: Address): Promise<SilentSession> {
  const socket = new WebSocket(`ws://${host}:${port}/`, { perMessageDeflate: false });
  let endedAtMs: number | undefined;
  socket.on('error', () => {});
  socket.on('close', () => {
    endedAtMs = nowMs();
  });
  await new Promise<void>((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return {
    openedAtMs: nowMs(),
    get endedAtMs() {
      return endedAtMs;
    },
    [Symbol.dispose]: () => socket.terminate(),
  };
}
