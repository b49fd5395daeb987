import readTimeout from '../../faults/read-timeout.js';
import { nowMs } from '../../harness/clock.js';
import type { EventBody } from '../../harness/contract.js';
import { defineScenario } from '../../harness/define.js';
import { type GateCall, GateCalls, heldAt } from '../../harness/gate-calls.js';
import { findProxy, noProxy } from '../../harness/path/find-proxy.js';
import { PROFILES } from '../../harness/path/proxy-profiles.js';
import { startProxy } from '../../harness/path/real-proxy.js';
import { startHolding } from './held-sessions.js';

/** Shorter than nginx's own 60 s, and longer than a living feed's pause between two messages. */
const READ_TIMEOUT_MS = 5000;
/** For a call with a message in it. */
const ARRIVE_MS = 60_000;
const RETURN_MS = 60_000;
/** For nginx. */
const LATE_MS = 5000;
/** A call may be made just before the answers stop, and meet the end of its head in place of that of its middle. */
const TIMES = 3;
const PLACES = ['message', 'head'] as const;
type Place = (typeof PLACES)[number];
type Call = GateCall<Extract<EventBody, { type: 'handshake' }>>;

/**
 * An answer that stands still in front of nginx in its middle, and the next one before its head:
 *
 *   client -> gate -> nginx (grpc_pass, grpc_read_timeout 5 s) -> gate that goes quiet -> server
 */
export default defineScenario({
  id: 'cut-by-nginx',
  about:
    'nginx with grpc_pass and a short grpc_read_timeout ends streams that have gone quiet: does the client call again?',
  role: 'client',
  lane: 'quiet',
  faults: ['read-timeout'],
  windowMs: 6000 + 10_000 + 2 * (READ_TIMEOUT_MS + 4000),
  async run(context) {
    const { record, options } = context;
    const by = await findProxy('nginx', options.engine);
    if (by === undefined) return context.obstacle('NO_PROXY', noProxy('nginx'));
    const upstream = context.target.server ? await context.startServer() : await context.startReference();
    const inner = await context.openGate({ name: 'inner', to: upstream, tap: false });
    const settings = { ...PROFILES['nginx-article-grpc'], readTimeoutMs: context.ms(READ_TIMEOUT_MS) };
    const routes = [{ to: { host: inner.host, port: inner.port }, settings }];
    const proxy = context.defer(await startProxy({ by, name: 'nginx', routes, record }));
    const calls = new GateCalls();
    const to = { host: proxy.host, port: proxy.ports[0] ?? 0 };
    const gate = await context.openGate({ name: 'victim', to, onEvent: calls.take });
    const [client] = (await startHolding(context, [gate])) ?? [];
    if (!client) return;
    const gone = () => client.process.exit !== undefined;
    const rpcs = new Set(heldAt(calls.all, nowMs()).map(({ rpc }) => rpc));
    if (rpcs.size === 0) return context.obstacle('BASELINE', 'no call of the client lasted for a second behind nginx');
    const own = () => calls.all.filter(({ rpc }) => rpcs.has(rpc));
    const again = (cut: Call) => own().find((call) => call.rpc === cut.rpc && call.startAtMs >= endOf(cut));
    const cuts = new Map<Place, Call>();
    for (let i = 0; i < TIMES && cuts.size < PLACES.length && !gone(); i++) {
      const flows = () => own().some(({ end, messages }) => end === undefined && messages > 0);
      if (!(await context.watch(context.ms(ARRIVE_MS), () => flows() || gone()))) break;
      context.phase('fault');
      const fromMs = nowMs();
      const cut = (place: Place) => own().find((call) => placeOf(call) === place && endOf(call) >= fromMs);
      const told = () =>
        PLACES.flatMap((where) => {
          const how = cut(where)?.end?.how;
          return how === undefined ? [] : [{ where, how }];
        });
      await using fault = await context.inject(readTimeout, { inner, cuts: told }, {});
      // Who calls again after the first end meets the second.
      await context.watch(context.ms(2 * READ_TIMEOUT_MS + RETURN_MS) + LATE_MS, () => cut('head') || gone());
      for (const place of PLACES) {
        const met = cut(place);
        if (met) cuts.set(place, cuts.get(place) ?? met);
      }
      await fault.heal();
      context.phase('recovery');
    }
    await context.watch(context.ms(RETURN_MS), () => [...cuts.values()].every(again) || gone());
    for (const [where, cut] of cuts) {
      const next = again(cut);
      const backMs = next ? Math.round(next.startAtMs - endOf(cut)) : null;
      context.measure('cut', { where, how: cut.end?.how ?? null, backMs, exited: gone() });
    }
  },
});

function endOf({ end }: Call): number {
  return end?.atMs ?? Number.NEGATIVE_INFINITY;
}

/** Where an answer stood that a proxy has ended; undefined of what goes on, and of ends that a server or a client makes. */
function placeOf({ end, messages, openedAtMs }: Call): Place | undefined {
  if (end?.by !== 'server' || end.how.startsWith('status')) return undefined;
  if (messages > 0) return 'message';
  return openedAtMs === undefined && end.how.startsWith('HTTP') ? 'head' : undefined;
}
