import { once } from 'node:events';
import { createServer, type OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { nowMs, watchLoop } from '../../harness/clock.js';
import { createContext } from '../../harness/context.js';
import type { EventBodyAt, Target } from '../../harness/contract.js';
import { viewOf } from '../../harness/history.js';
import { openMiddlebox } from '../../harness/path/middlebox.js';
import { proxyHere } from '../../harness/path/proxy-here.test.rig.js';
import { openProxyLike } from '../../harness/path/proxy-like.js';
import { PROFILES, type ProxySettings } from '../../harness/path/proxy-profiles.js';
import { STORY_OPTIONS, STORY_TARGET, tell } from '../../harness/story.js';
import { UNKNOWN_WORKLOAD } from '../../harness/worker-protocol.js';
import { watchHeld } from '../scenarios/proxied.js';
import check from './held-by-proxy.js';
import { lagsBetween, noiseOf } from './lag-evidence.js';

interface Combination {
  readonly name: string;
  readonly held: boolean;
  readonly settings?: ProxySettings;
  readonly headers?: OutgoingHttpHeaders;
  /** Without chunks: only its end delimits the answer. */
  readonly untilEnd?: true;
  readonly compress?: true;
  readonly bytes?: number;
  readonly everyMs?: number;
}

const nginx = PROFILES['nginx-default'];
const nginx11: ProxySettings = { ...nginx, upstreamHttp: '1.1' };
const off: ProxySettings = { ...nginx, buffering: false };
const gzip = PROFILES['nginx-gzip'];
const no = { 'x-accel-buffering': 'no' };
const SCALE = 0.1;
const AT_ONCE = 9;
const BUSY_MS = 250;
const TRIES = 8;

const COMBINATIONS: readonly Combination[] = [
  { name: 'nothing said', held: true },
  { name: 'X-Accel-Buffering: no', held: false, headers: no },
  { name: 'X-Accel-Buffering: No', held: false, headers: { 'X-Accel-Buffering': 'No' } },
  { name: 'X-Accel-Buffering: false', held: true, headers: { 'x-accel-buffering': 'false' } },
  { name: 'X-Accel-Buffering: yes', held: true, headers: { 'x-accel-buffering': 'yes' } },
  { name: 'Cache-Control: no-cache, no-transform', held: true, headers: { 'cache-control': 'no-cache, no-transform' } },
  { name: 'Connection: keep-alive', held: true, headers: { connection: 'keep-alive' } },
  { name: 'a charset', held: true, headers: { 'content-type': 'text/event-stream; charset=utf-8' } },
  { name: 'events of 1000 bytes', held: true, bytes: 1000, everyMs: 250 },
  { name: 'events of 6000 bytes', held: false, bytes: 6000, everyMs: 50 },
  { name: 'events of 1000 bytes and X-Accel-Buffering: no', held: false, bytes: 1000, everyMs: 250, headers: no },
  { name: 'proxy_buffering off', held: false, settings: off },
  {
    name: 'proxy_buffering off, X-Accel-Buffering: yes',
    held: true,
    settings: off,
    headers: { 'x-accel-buffering': 'yes' },
  },
  { name: 'proxy_buffering off, HTTP/1.1', held: false, settings: { ...off, upstreamHttp: '1.1' } },
  { name: 'HTTP/1.1', held: false, settings: nginx11 },
  { name: 'HTTP/1.1, events of 1000 bytes', held: false, settings: nginx11, bytes: 1000 },
  { name: 'HTTP/1.1, no chunks', held: true, settings: nginx11, untilEnd: true },
  { name: 'HTTP/1.1, no chunks, X-Accel-Buffering: no', held: false, settings: nginx11, untilEnd: true, headers: no },
  { name: 'as the article has it', held: false, settings: PROFILES['nginx-article-sse'] },
  { name: 'as the article has it, no chunks', held: false, settings: PROFILES['nginx-article-sse'], untilEnd: true },
  { name: 'gzip that is not accepted', held: false, settings: gzip },
  { name: 'gzip', held: true, settings: gzip, compress: true },
  {
    name: 'gzip, no-transform',
    held: true,
    settings: gzip,
    compress: true,
    headers: { 'cache-control': 'no-transform' },
  },
  { name: 'gzip, X-Accel-Buffering: no', held: false, settings: gzip, compress: true, headers: no },
  { name: 'gzip, proxy_buffering off', held: false, settings: { ...off, gzip: true }, compress: true },
  { name: 'proxy_cache, HTTP/1.0', held: true, settings: { ...nginx, cache: true } },
  { name: 'proxy_cache, HTTP/1.1', held: false, settings: PROFILES['nginx-cache'] },
];

/** On a machine that was too busy the check decides nothing: it is asked again. */
async function judged(one: Combination, open: typeof openProxyLike) {
  for (let tries = 1; ; tries++) {
    const { noiseMs, ...verdict } = await judgedOnce(one, open);
    const decided = noiseMs <= BUSY_MS && verdict.outcome !== 'inconclusive';
    if (decided || tries === TRIES) return verdict;
  }
}

/** What the check's measuring says of this server behind this proxy; its verdict where that has the defaults. */
async function judgedOnce(one: Combination, open: typeof openProxyLike) {
  await using server = await startServer(one);
  const events: EventBodyAt[] = [];
  using loop = watchLoop();
  const target: Target = { ...STORY_TARGET, protocol: 'sse', server: { ...server.spec }, path: '/' };
  const context = createContext({
    scenario: 'proxied',
    target,
    options: { ...STORY_OPTIONS, scale: SCALE },
    workload: UNKNOWN_WORKLOAD,
    observerKey: 'key',
    engineUrl: 'http://127.0.0.1:1',
    signal: new AbortController().signal,
    emit: (event, atMs) => events.push([atMs, event]),
  });
  {
    await using _all = context;
    const { settings, compress = false } = one;
    await watchHeld(context, server, { compress, open, ...(settings ? { settings } : {}) });
  }
  events.push([nowMs(), { type: 'loop', who: 'test', ...loop.read() }]);
  const view = viewOf(tell(events.toSorted(([a], [b]) => a - b)));
  const noiseMs = noiseOf(view);
  const limit = check.value.expect.maxLagMs ?? 0;
  const held = lagsBetween(view, 'held').filter(({ lagMs }) => lagMs > limit + noiseMs).length > 1;
  const { outcome } = check.value.judge(view, { target, options: STORY_OPTIONS, expect: check.value.expect });
  return { noiseMs, held, outcome: one.settings === undefined ? outcome : 'not asked' };
}

const ours: typeof openProxyLike = async ({ settings, to }) => {
  const opened = await Promise.all(to.map((upstream) => openMiddlebox({ upstream, settings })));
  return {
    by: 'ours',
    host: '127.0.0.1',
    ports: opened.map(({ port }) => port),
    [Symbol.asyncDispose]: async () => {
      for (const one of opened) await one[Symbol.asyncDispose]();
    },
  };
};

const kinds = proxyHere('nginx') === undefined ? [] : [['nginx', openProxyLike] as const];

describe.each([...kinds, ['our own middlebox', ours] as const])('what %s holds back', (_, open) => {
  const seen = new Map<string, Promise<{ readonly held: boolean; readonly outcome: string }>>();
  beforeAll(() => {
    const waiting = COMBINATIONS.values();
    const settle = new Map<string, (one: ReturnType<typeof judged>) => void>();
    for (const { name } of COMBINATIONS) seen.set(name, new Promise((resolve) => settle.set(name, resolve)));
    const inTurn = async () => {
      for (const one of waiting) {
        const verdict = judged(one, open);
        settle.get(one.name)?.(verdict);
        await verdict.catch(() => {});
      }
    };
    for (let n = 0; n < AT_ONCE; n++) void inTurn();
  });

  test.each(COMBINATIONS.map((one) => [one.name, one] as const))(
    '%s',
    async (name, { held, settings }) => {
      const outcome = settings === undefined ? (held ? 'fail' : 'pass') : 'not asked';
      expect(await seen.get(name)).toEqual({ held, outcome });
    },
    120_000,
  );
});

async function startServer({ headers, untilEnd, bytes = 40, everyMs = 100 }: Combination) {
  let n = 0;
  const server = createServer((_, response) => {
    if (untilEnd) {
      response.useChunkedEncodingByDefault = false;
      response.shouldKeepAlive = false;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
    response.flushHeaders();
    const push = setInterval(
      () => response.write(`id: ${++n}\ndata: ${'x'.repeat(Math.max(1, bytes - 20))}\n\n`),
      everyMs,
    );
    response.on('close', () => clearInterval(push)).on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/`;
  return {
    host: '127.0.0.1',
    port,
    spec: { url, stopSignal: 'SIGTERM', graceMs: 1000, serialCopies: false, quietEnv: {}, pressureEnv: {} } as const,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
