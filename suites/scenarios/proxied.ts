import bufferingProxy from '../../faults/buffering-proxy.js';
import cachingProxy from '../../faults/caching-proxy.js';
import compressingProxy from '../../faults/compressing-proxy.js';
import { nowMs } from '../../harness/clock.js';
import type { Gate } from '../../harness/contract.js';
import { defineScenario } from '../../harness/define.js';
import { readControlStream, startControlStream } from '../../harness/drivers/control-stream.js';
import { findProxy, PROXIES } from '../../harness/path/find-proxy.js';
import { openProxyLike } from '../../harness/path/proxy-like.js';
import { PROFILES, type ProxySettings } from '../../harness/path/proxy-profiles.js';
import { isSecure } from '../../harness/protocol.js';
import type { Address, ScenarioContext } from '../../harness/scenario.js';

/** CHECKLIST rule 18: 10 events and 10 s; nothing within 15 s of the third. */
const EVENTS = 10;
const WATCH_MS = 10_000;
const NOTHING_MS = 15_000;
/** A server that says little is watched for so long. */
const PATIENCE_MS = 40_000;
/** What is to come in time has come by then. */
const LATE_MS = 500;
/** A stream that its server ends soon is opened again. */
const SESSIONS = 5;
const LEAVE_MS = 2000;
const AGAIN_MS = 5000;

/**
 * Streams through a proxy that buffers, one that compresses and one that caches, each beside a stream of ours that shows
 * what the proxy does; and two without a proxy, one that accepts compression and one that does not.
 *
 *   session -> gate near -> nginx | HAProxy | ours -> gate behind -> server
 *   control ------------->  the same proxy  ------> a stream of ours
 */
export default defineScenario({
  id: 'proxied',
  about: 'streams through nginx with its defaults, a compressing proxy and a caching one: held back, changed, shared?',
  role: 'server',
  lane: 'quiet',
  faults: ['buffering-proxy', 'compressing-proxy', 'caching-proxy'],
  windowMs: WATCH_MS + 5000,
  unless: ({ server }) =>
    isSecure(server?.url) ? 'needs a server without TLS: the proxies before it must read HTTP' : undefined,
  async run(context) {
    // What leads to containers is loaded here, where nothing is timed yet.
    for (const kind of PROXIES) await findProxy(kind, context.options.engine);
    const server = await context.startServer();
    context.phase('fault');
    await Promise.all([
      watchHeld(context, server),
      watchCompressed(context, server),
      watchCached(context, server),
      watchStream(context, 'plain', await context.openGate({ name: 'plain', to: server }), false),
      watchStream(context, 'packed', await context.openGate({ name: 'packed', to: server }), true),
    ]);
  },
});

/** Through a proxy that may hold back: the events that the gate behind it sees against those that the near one sees. */
export async function watchHeld(
  context: ScenarioContext,
  server: Address,
  {
    settings = PROFILES['nginx-default'],
    compress = false,
    open = openProxyLike,
  }: { readonly settings?: ProxySettings; readonly compress?: boolean; readonly open?: typeof openProxyLike } = {},
): Promise<void> {
  const { record, options } = context;
  const behind = await context.openGate({ name: 'held-behind', to: server });
  const held = context.defer(await startControlStream({}));
  const free = context.defer(await startControlStream({ headers: { 'x-accel-buffering': 'no' } }));
  const proxy = context.defer(
    await open({ settings, name: 'buffering-proxy', to: [behind, held, free], record, engine: options.engine }),
  );
  const { host } = proxy;
  const [port = 0, heldPort = 0, freePort = 0] = proxy.ports;
  const near = await context.openGate({ name: 'held-near', to: { host, port } });
  const heldReader = context.defer(readControlStream({ host, port: heldPort }));
  const freeReader = context.defer(readControlStream({ host, port: freePort }));
  const start = async () => ({ lateMs: () => held.longestLagMs(heldReader), stop: async () => {} });
  await context.inject(bufferingProxy, { start }, { profile: 'nginx-default' });
  await watchThrough(context, 'held', near, behind, compress);
  context.measure('held', { by: proxy.by, freeLagMs: Math.round(free.longestLagMs(freeReader)) });
}

async function watchCompressed(context: ScenarioContext, server: Address): Promise<void> {
  const { record, options } = context;
  const settings = PROFILES['haproxy-gzip'];
  const behind = await context.openGate({ name: 'compressed-behind', to: server });
  const control = context.defer(await startControlStream({}));
  const proxy = context.defer(
    await openProxyLike({ settings, name: 'compressing-proxy', to: [behind, control], record, engine: options.engine }),
  );
  const { host } = proxy;
  const [port = 0, controlPort = 0] = proxy.ports;
  const near = await context.openGate({ name: 'compressed-near', to: { host, port } });
  const reader = context.defer(readControlStream({ host, port: controlPort }));
  const start = async () => ({ encoding: () => reader.encoding, stop: async () => {} });
  await context.inject(compressingProxy, { start }, { profile: 'haproxy-gzip' });
  await watchThrough(context, 'compressed', near, behind, true);
  context.measure('compressed', { by: proxy.by });
}

async function watchCached(context: ScenarioContext, server: Address): Promise<void> {
  const { record, options } = context;
  const settings = PROFILES['nginx-cache'];
  const behind = await context.openGate({ name: 'cached-behind', to: server });
  const control = context.defer(await startControlStream({ events: 2 }));
  const proxy = context.defer(
    await openProxyLike({ settings, name: 'caching-proxy', to: [behind, control], record, engine: options.engine }),
  );
  const { host } = proxy;
  const [port = 0, controlPort = 0] = proxy.ports;
  const to = { host, port };
  const first = context.defer(readControlStream({ host, port: controlPort }));
  await context.watch(AGAIN_MS, () => first.complete);
  const second = context.defer(readControlStream({ host, port: controlPort }));
  const start = async () => ({ shared: () => second.complete && control.asked === 1, stop: async () => {} });
  await context.inject(cachingProxy, { start }, { profile: 'nginx-cache' });
  await context.watch(AGAIN_MS, () => second.complete);

  const opened = await context.openSession({ name: 'cached-1', to });
  if ('refused' in opened) return context.obstacle('REFUSED', `through a caching proxy: ${opened.reason}`);
  await context.watch(context.ms(LEAVE_MS), () => !opened.isOpen);
  const whole = opened.goodbye !== undefined;
  opened.terminate();
  const before = behind.accepted;
  const again = context.openSession({ name: 'cached-2', to });
  await context.watch(AGAIN_MS, () => behind.accepted > before);
  context.measure('second client', { by: proxy.by, whole, asked: behind.accepted > before });
  await again;
}

/** Sessions until 10 events and 10 s were seen behind the proxy; a proxy that holds back may not even answer. */
async function watchThrough(
  context: ScenarioContext,
  name: string,
  near: Gate,
  behind: Gate,
  compress: boolean,
): Promise<void> {
  const startMs = nowMs();
  const chunks = new Map<number, number>();
  let thirdAtMs: number | undefined;
  const seen = () => {
    for (const { id, downChunks } of behind.live) chunks.set(id, downChunks);
    // The first chunk of each is its head.
    const events = [...chunks.values()].reduce((sum, count) => sum + Math.max(0, count - 1), 0);
    if (events >= 3) thirdAtMs ??= nowMs();
    return events;
  };
  const enough = () => {
    const events = seen();
    if (events >= EVENTS && nowMs() - startMs >= context.ms(WATCH_MS)) return true;
    const nothing = near.live.every(({ downBytes }) => downBytes === 0);
    return nothing && thirdAtMs !== undefined && nowMs() - thirdAtMs >= context.ms(NOTHING_MS);
  };
  const left = () => context.ms(PATIENCE_MS) - (nowMs() - startMs);
  for (let n = 1; n <= SESSIONS && left() > 0 && !enough(); n++) {
    const opening = context.openSession({ name: `${name}-${n}`, to: near, compress, openTimeoutMs: 2 * PATIENCE_MS });
    const over = () => near.accepted >= n && !near.live.some(({ id, ended }) => id === n && !ended);
    await context.watch(left(), () => enough() || over());
    await context.watch(2 * LATE_MS);
    context.measure('watched', { gate: name, conn: n });
    near.resetAll();
    const opened = await opening;
    if (!('refused' in opened)) opened.terminate();
  }
}

async function watchStream(context: ScenarioContext, name: string, gate: Gate, compress: boolean): Promise<void> {
  const opened = await context.openSession({ name, to: gate, compress });
  if ('refused' in opened) return;
  const startMs = nowMs();
  const enough = () => opened.received >= EVENTS && nowMs() - startMs >= context.ms(WATCH_MS);
  await context.watch(context.ms(PATIENCE_MS), () => enough() || !opened.isOpen);
  context.measure('watched', { gate: name, conn: 1 });
  opened.terminate();
}
