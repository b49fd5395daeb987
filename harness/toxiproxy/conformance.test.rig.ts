import { request } from 'node:http';
import { nowMs } from '../clock.js';
import { dial, type Peer, Upstream } from './conformance.test.peers.js';

/** One differential case of TOXIPROXY.md section 6. Where the servers differ on purpose is in deviations.test.ts. */
export interface ConformanceCase {
  readonly id: string;
  readonly title: string;
  readonly run: (rig: Rig) => Promise<void>;
}

export interface Reply {
  readonly status: number;
  readonly text: string;
  readonly type: string;
  /** Parsed, or undefined. */
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the cases are about
  readonly json: any;
}

export interface Pair {
  readonly client: Peer;
  readonly server: Peer;
}

/** Busy machines: 150 ms late is still on time, as section 6 has it. */
const LATE_MS = 150;
/** Node's and the kernel's clocks do not tick together. */
const EARLY_MS = 2;

/** Drives one server by its HTTP API and raw sockets. */
export class Rig implements AsyncDisposable {
  private readonly upstreams: Upstream[] = [];
  private readonly peers: Peer[] = [];
  private named = 0;

  constructor(
    readonly url: string,
    readonly kind: 'embedded' | 'toxiproxy',
  ) {}

  async api(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const call = request(`${this.url}${path}`, { method, headers, agent: false }, (response) => {
        let reply = '';
        response.setEncoding('utf8');
        response.on('data', (part) => {
          reply += part;
        });
        response.on('end', () => {
          const type = response.headers['content-type'] ?? '';
          resolve({ status: response.statusCode ?? 0, text: reply, type, json: parse(reply) });
        });
      });
      call.on('error', reject);
      call.end(text);
    });
  }

  /** Like `api`, and expects that status. */
  async ok(status: number, method: string, path: string, body?: unknown): Promise<Reply> {
    const reply = await this.api(method, path, body);
    expect(`${method} ${path}: ${reply.status} ${reply.status === status ? '' : reply.text}`).toBe(
      `${method} ${path}: ${status} `,
    );
    return reply;
  }

  async upstream(): Promise<Upstream> {
    const upstream = await Upstream.start();
    this.upstreams.push(upstream);
    return upstream;
  }

  /** A proxy before an upstream of its own, with the toxics it begins with. */
  async proxy(...toxics: readonly object[]): Promise<TestProxy> {
    const name = `p${++this.named}`;
    const upstream = await this.upstream();
    const { json } = await this.ok(201, 'POST', '/proxies', {
      name,
      listen: 'localhost:0',
      upstream: upstream.address,
    });
    const proxy = new TestProxy(this, name, upstream, portOf(json.listen));
    for (const toxic of toxics) await proxy.add(toxic);
    return proxy;
  }

  async dial(port: number, host?: string): Promise<Peer> {
    const peer = await dial(port, host);
    this.peers.push(peer);
    return peer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { json } = await this.api('GET', '/proxies');
    // Removed first: a stage that waits for a peer of ours would hold up the original's API.
    for (const peer of [...this.peers, ...this.upstreams.flatMap((one) => one.accepted)]) peer.socket.destroy();
    for (const name of Object.keys(json)) await this.ok(204, 'DELETE', `/proxies/${encodeURIComponent(name)}`);
    for (const upstream of this.upstreams) upstream.close();
  }
}

export class TestProxy {
  constructor(
    readonly rig: Rig,
    readonly name: string,
    readonly upstream: Upstream,
    public port: number,
  ) {}

  get path(): string {
    return `/proxies/${this.name}`;
  }

  /** A connection through the proxy, with both its ends. One at a time: the next that is accepted is its peer. */
  async open(): Promise<Pair> {
    const index = this.upstream.accepted.length;
    const client = await this.rig.dial(this.port);
    return { client, server: await this.upstream.next(index) };
  }

  async show(): Promise<Reply['json']> {
    return (await this.rig.ok(200, 'GET', this.path)).json;
  }

  async patch(body: object): Promise<Reply['json']> {
    return (await this.rig.ok(200, 'PATCH', this.path, body)).json;
  }

  async add(toxic: object): Promise<Reply['json']> {
    return (await this.rig.ok(200, 'POST', `${this.path}/toxics`, toxic)).json;
  }

  async change(toxic: string, body: object): Promise<Reply['json']> {
    return (await this.rig.ok(200, 'PATCH', `${this.path}/toxics/${toxic}`, body)).json;
  }

  async drop(toxic: string): Promise<void> {
    await this.rig.ok(204, 'DELETE', `${this.path}/toxics/${toxic}`);
  }
}

/** `toxic('latency', 'downstream', { latency: 5 })`, named by its type. */
export function toxic(type: string, stream: string, attributes: object, more: object = {}): object {
  return { name: type, type, stream, attributes, ...more };
}

/** It happened `nominalMs` after `sinceMs`, or a little later. */
export function expectAt(atMs: number, sinceMs: number, nominalMs: number): void {
  expect(atMs - sinceMs).toBeGreaterThanOrEqual(nominalMs - EARLY_MS);
  expect(atMs - sinceMs).toBeLessThanOrEqual(nominalMs + LATE_MS);
}

/** It happened at once: within 50 ms, and what a busy machine adds. */
export function expectNow(atMs: number, sinceMs: number): void {
  expect(atMs - sinceMs).toBeLessThanOrEqual(50 + LATE_MS);
}

export function expectJsonError(reply: Reply, status: number, text: string | RegExp): void {
  expect(reply.status).toBe(status);
  expect(reply.json).toEqual({ error: expect.stringMatching(text), status });
}

export function portOf(listen: string): number {
  return Number(listen.slice(listen.lastIndexOf(':') + 1));
}

export const now = nowMs;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
