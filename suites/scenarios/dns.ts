import closedPort from '../../faults/closed-port.js';
import dns from '../../faults/dns.js';
import reset from '../../faults/reset.js';
import { nowMs } from '../../harness/clock.js';
import type { Gate, Injection } from '../../harness/contract.js';
import { defineScenario } from '../../harness/define.js';
import { openResolver, type Resolver } from '../../harness/path/resolver.js';
import type { Address, ScenarioContext } from '../../harness/scenario.js';
import { canReplaceResolver } from '../../harness/target/namespace.js';

const ARRIVE_MS = 60_000;
const BASELINE_MS = 10_000;
const SLOW_ANSWER_MS = 5000;
const FAULT_MS = 20_000;
const BACK_MS = 60_000;
/** Whoever was told the old address only is seen at it again. */
const OLD_MS = 35_000;
/** After 60 s of the connection-backoff document's curve its delays are 45 s long. */
const CHANNELS_OLD_MS = 60_000;
/** A gRPC channel asks at most every 30 s (grpc-go MinResolutionInterval, C-core and grpc-js min_time_between_resolutions; Java's cache). */
const RARELY_MS = 35_000;
const OLD_HOST = '127.0.0.1';
const NEW_HOST = '127.0.0.2';

/** Each kind on a client process and a name of its own, side by side. */
export default defineScenario({
  id: 'dns',
  about:
    'the client is cut while its server’s name is answered by SERVFAIL, 5 s late, or with a new address; a gRPC channel while its old address refuses, too',
  role: 'client',
  lane: 'quiet',
  namespace: 'mounts',
  faults: ['dns', 'reset', 'closed-port'],
  windowMs: 6000 + BASELINE_MS + FAULT_MS + RARELY_MS,
  unless: ({ client, server }) => {
    if (client?.listen !== undefined)
      return 'needs a client that takes its address ({url} or TARGET_URL): it is given a name';
    if (server && server.command === undefined)
      return 'needs --server CMD: a running server is not reached from the namespace';
    const able = canReplaceResolver();
    return able.ok ? undefined : (able.reason ?? 'no resolver of our own can be put in place here');
  },
  async run(context) {
    if (context.workload.speaksTls)
      return context.obstacle('BASELINE', 'a client that speaks only TLS is not followed from one address to another');
    const upstream = context.target.server ? await context.startServer() : await context.startReference();
    const resolver = context.defer(await openResolver(context.ms(SLOW_ANSWER_MS)));
    await Promise.all([
      fails(context, resolver, upstream, 'servfail'),
      fails(context, resolver, upstream, 'slow'),
      moves(context, resolver, upstream),
    ]);
  },
});

/** A client on a name of its own, once it has held a session on it. */
async function settled(context: ScenarioContext, resolver: Resolver, upstream: Address, kind: string) {
  const host = `${kind}.holdfast.test`;
  const zone = resolver.add(host, OLD_HOST);
  const gate = await context.openGate({ name: kind, to: upstream });
  const client = await context.startClient({ name: kind, gate, host });
  await context.watch(ARRIVE_MS, () => gate.live.some(({ downBytes }) => downBytes > 0));
  context.phase('baseline', kind);
  await context.watch(context.ms(BASELINE_MS));
  const held = gate.live.some(
    ({ downBytes, openedAtMs, ended }) =>
      downBytes > 0 && !ended && nowMs() - openedAtMs >= 0.9 * context.ms(BASELINE_MS),
  );
  if (held) return { zone, gate, client };
  context.obstacle('BASELINE', `the client did not hold a session for 10 s at a host name (${kind})`);
  return undefined;
}

/** When a session began after that moment, milliseconds since; undefined where there is none. */
function backAfter(gate: Gate, sinceMs: number): number | undefined {
  const back = gate.live.find(({ openedAtMs, called, ended }) => openedAtMs > sinceMs && called && !ended);
  return back && back.openedAtMs - sinceMs;
}

/** A channel that lost its connection goes to the address it has, and asks for another only where that fails. */
async function shutFor(context: ScenarioContext, gate: Gate): Promise<Injection | undefined> {
  return context.target.protocol === 'grpc' ? context.inject(closedPort, gate, { gate: gate.name }) : undefined;
}

async function fails(context: ScenarioContext, resolver: Resolver, upstream: Address, kind: 'servfail' | 'slow') {
  const subject = await settled(context, resolver, upstream, kind);
  if (!subject) return;
  const { zone, gate, client } = subject;
  context.phase('fault', kind);
  const failing = await context.inject(dns, zone, { kind, to: null }, kind);
  const shut = await shutFor(context, gate);
  await context.inject(reset, [gate], {});
  const cutMs = nowMs();
  // Whoever came back although its name is answered late has shown enough.
  await context.watch(context.ms(FAULT_MS), () => kind === 'slow' && backAfter(gate, cutMs) !== undefined);
  if (shut) await context.watch(context.ms(RARELY_MS), () => zone.lookups[kind] > 0);
  const lookups = zone.lookups[kind];
  await failing.heal();
  await shut?.heal();
  const healedMs = nowMs();
  context.phase('recovery', kind);
  await context.watch(context.ms(BACK_MS), () => backAfter(gate, cutMs) !== undefined);
  const back = backAfter(gate, cutMs);
  const reconnectMs = back === undefined ? null : Math.max(0, cutMs + back - healedMs);
  context.measure('named', { kind, lookups, reconnectMs, exited: client.process.exit !== undefined, old: null });
}

async function moves(context: ScenarioContext, resolver: Resolver, upstream: Address) {
  const kind = 'moved';
  const subject = await settled(context, resolver, upstream, kind);
  if (!subject) return;
  const { zone, gate, client } = subject;
  const next = await context.openGate({ name: 'moved-to', to: upstream, listen: { host: NEW_HOST, port: gate.port } });
  context.phase('fault', kind);
  const before = zone.lookups.address;
  await context.inject(dns, zone, { kind, to: NEW_HOST }, kind);
  const shut = await context.inject(closedPort, gate, { gate: gate.name });
  await context.inject(reset, [gate], {});
  const cutMs = nowMs();
  const back = await context.watch(context.ms(BACK_MS), () => backAfter(next, cutMs));
  const lookups = zone.lookups.address - before;
  const openMs = nowMs();
  await shut.heal();
  const oldMs = context.ms(context.target.protocol === 'grpc' ? CHANNELS_OLD_MS : OLD_MS);
  const old = back === undefined && (await context.watch(oldMs, () => backAfter(gate, openMs))) !== undefined;
  const exited = client.process.exit !== undefined;
  context.measure('named', { kind, lookups, reconnectMs: back ?? null, exited, old });
}
