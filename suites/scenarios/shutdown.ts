import freeze from '../../faults/freeze.js';
import stop from '../../faults/stop.js';
import { every, nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import { GrpcHealth } from '../../harness/drivers/grpc-health.js';
import { payloadOf } from '../../harness/drivers/workload.js';
import type { ScenarioContext } from '../../harness/scenario.js';
import type { StartedServer } from '../../harness/target/server.js';
import { shutdownByHand } from './shutdown.by-hand.js';

const CLIENTS = 5;
const BASELINE_MS = 3000;
/** A handler needs a moment to run: what is accepted before is not held against it. */
const HANDLER_MS = 500;
const KNOCK_MS = 200;
const ASK_MS = 100;
const KNOCKS_MS = 10_000;
/** An accepted session that lives this long, or gets a message, was really accepted. */
const STAYS_MS = 1000;
/** Watched beyond the limit: a server that waits for its clients says at last what it does. */
const MARGIN_MS = 15_000;

export default defineScenario({
  id: 'shutdown',
  about:
    'the stop signal with clients connected: five that behave, one that ignores the goodbye, one frozen, one endless stream',
  role: 'server',
  lane: 'busy',
  ownServer: true,
  faults: ['stop', 'freeze'],
  windowMs: 12_000,
  byHand: shutdownByHand,
  async run(context) {
    const { target, workload } = context;
    const server = await context.startServer();
    const clients = await context.openGate({ name: 'clients', to: server });
    const troubled = await context.openGate({ name: 'troubled', to: server });
    for (let i = 1; i <= CLIENTS; i++)
      await context.mustOpen({ name: `client-${i}`, to: clients, staysConnected: true });
    await context.mustOpen({ name: 'frozen', to: troubled });
    await context.mustOpen({ name: 'deaf', to: troubled, deaf: true });
    const stream = await context.mustOpen({ name: 'stream', to: troubled });
    if (workload.form !== 'none') {
      const form = workload.form;
      context.defer(every(50, () => stream.send(payloadOf(form, context.random.token(16), 128))));
    }
    let signalMs = Number.POSITIVE_INFINITY;
    const grpcHealth = target.protocol === 'grpc' ? await watchHealth(context, server, () => signalMs) : undefined;
    context.phase('baseline');
    await context.watch(context.ms(BASELINE_MS));
    context.measure('connected', { clients: clients.live.length, troubled: troubled.live.length });
    context.phase('fault');
    const [frozen] = troubled.live;
    if (frozen) await context.inject(freeze, frozen, { conn: frozen.id });
    await context.inject(stop, server, { signal: target.server?.stopSignal ?? 'SIGTERM' });
    signalMs = nowMs();
    grpcHealth?.askEvery(ASK_MS);
    let gone = false;
    const graceMs = context.ms(target.server?.graceMs ?? 60_000);
    const leaving = server.gone(graceMs + MARGIN_MS, context.signal).then(async (end) => {
      if (!end) return context.measure('stayed', { watchedMs: nowMs() - signalMs });
      gone = true;
      // The exit code comes a moment after the port has gone.
      await context.watch(1000, () => server.process?.exit);
      const exit = server.process?.exit;
      context.measure('gone', {
        exitMs: end.atMs - signalMs,
        ownChild: server.ownChild,
        exitCode: exit?.code ?? null,
        signal: exit?.signal ?? null,
      });
    });
    await Promise.all([knock(context, server, signalMs, () => gone), health(context, server, signalMs, () => gone)]);
    await leaving;
  },
});

/** What grpc.health.v1 says from before the signal on, each time that it says something else. */
async function watchHealth(
  context: ScenarioContext,
  server: StartedServer,
  signalMs: () => number,
): Promise<GrpcHealth> {
  const last = new Map<string, string>();
  const health = new GrpcHealth(server, context.target, ({ via, service, says, atMs, first }) => {
    const who = `${via} ${service} ${atMs < signalMs() ? 'before' : 'after'}`;
    if (last.get(who) !== says)
      context.measure('serving', {
        via,
        service,
        says,
        sinceSignalMs: atMs < signalMs() ? null : Math.round(atMs - signalMs()),
        first,
      });
    last.set(who, says);
  });
  context.defer(health);
  await health.ask();
  health.watch();
  return health;
}

/** New connections straight to the target's port, one after another, until it is gone or has accepted three. */
async function knock(
  context: ScenarioContext,
  server: StartedServer,
  signalMs: number,
  gone: () => boolean,
): Promise<void> {
  let accepted = 0;
  await context.watch(context.ms(HANDLER_MS), gone);
  for (let i = 1; !gone() && accepted < 3 && nowMs() - signalMs < context.ms(KNOCKS_MS); i++) {
    const atMs = nowMs() - signalMs;
    const late = await context.openSession({ name: `late-${i}`, to: server, openTimeoutMs: 3000 });
    if ('refused' in late) {
      context.measure('knock', {
        atMs,
        accepted: false,
        status: late.status ?? null,
        why: late.status === undefined ? 'refused' : 'status',
      });
    } else {
      await context.watch(context.ms(STAYS_MS), () => !late.isOpen || late.received > 0);
      const stays = late.received > 0 || late.isOpen;
      if (stays) accepted += 1;
      context.measure('knock', {
        atMs,
        accepted: stays,
        status: null,
        why: stays ? 'open' : 'closed before a message',
      });
      late.terminate();
    }
    await context.watch(context.ms(KNOCK_MS), gone);
  }
}

async function health(
  context: ScenarioContext,
  server: StartedServer,
  signalMs: number,
  gone: () => boolean,
): Promise<void> {
  const declared = context.target.server?.healthUrl;
  if (declared === undefined) return;
  const url = declared.replaceAll('{port}', String(server.port)).replaceAll('{host}', server.host);
  let last: number | undefined;
  while (!gone() && nowMs() - signalMs < context.ms(KNOCKS_MS)) {
    const status = await fetch(url, { signal: AbortSignal.timeout(2000) }).then(
      (response) => response.status,
      () => 0,
    );
    if (status !== last) context.measure('health', { atMs: nowMs() - signalMs, status });
    last = status;
    await context.watch(context.ms(KNOCK_MS), gone);
  }
}
