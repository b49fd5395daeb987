import closedPort from '../../faults/closed-port.js';
import edgeOutage from '../../faults/edge-outage.js';
import end from '../../faults/end.js';
import reset from '../../faults/reset.js';
import { nowMs } from '../../harness/clock.js';
import type { EventBody, Gate } from '../../harness/contract.js';
import { defineScenario } from '../../harness/define.js';
import type { ScenarioContext } from '../../harness/scenario.js';
import type { StartedServer } from '../../harness/target/server.js';
import { reconnectByHand } from './reconnect.by-hand.js';

const ARRIVE_MS = 60_000;
const BASELINE_MS = 10_000;
const BACK_MS = 60_000;
const RESTART_MS = 4000;
const EDGE_MS = 20_000;
/** A session that lives this long after the return is one. */
const STAYS_MS = 1000;

/** Each kind of end on a client process of its own, side by side: what one kind breaks must not hide another. */
export default defineScenario({
  id: 'reconnect',
  about: 'ended by FIN, by RST, by a server restart of 4 s, by 20 s of error pages; is the client back within 60 s?',
  role: 'client',
  lane: 'quiet',
  faults: ['end', 'reset', 'closed-port', 'edge-outage'],
  windowMs: 6000 + BASELINE_MS + EDGE_MS + 20_000,
  byHand: reconnectByHand,
  async run(context) {
    const server = context.target.server ? await context.startServer() : undefined;
    const kinds: readonly (readonly [string, Disturb])[] = [
      [
        'fin',
        async (gate) => {
          await context.inject(end, gate, {});
        },
      ],
      [
        'rst',
        async (gate) => {
          await context.inject(reset, [gate], {});
        },
      ],
      [
        'restart',
        async (gate, goAway) => {
          await goAway();
          const shut = await context.inject(closedPort, gate, { gate: gate.name });
          await context.watch(context.ms(RESTART_MS));
          await shut.heal();
        },
      ],
      ['edge', (gate) => serveErrorPages(context, gate, 503)],
      // A client that reads HTTP by itself may take one status for another than the next.
      ...(context.target.protocol === 'sse'
        ? [502, 524].map(
            (status) => [`edge-${status}`, (gate: Gate) => serveErrorPages(context, gate, status)] as const,
          )
        : []),
    ];
    const one = ([kind, disturb]: readonly [string, Disturb]) => watchOne(context, server, kind, disturb);
    // A client with a port of its own leaves no room for a second one.
    if (context.target.client?.listen === undefined) await Promise.all(kinds.map(one));
    else for (const kind of kinds) await one(kind);
  },
});

type Disturb = (gate: Gate, goAway: () => Promise<void>) => Promise<void>;

async function serveErrorPages(context: ScenarioContext, gate: Gate, status: number): Promise<void> {
  const pages = await context.inject(edgeOutage, gate, { status, http2: context.target.protocol === 'grpc' });
  await context.watch(context.ms(EDGE_MS));
  await pages.heal();
}

async function watchOne(
  context: ScenarioContext,
  server: StartedServer | undefined,
  kind: string,
  disturb: Disturb,
): Promise<void> {
  const reference = server ? undefined : await context.startReference();
  const upstream = server ?? reference;
  if (!upstream) return;
  const calls = new Calls();
  await using gate = await context.openGate({ name: kind, to: upstream, onEvent: calls.take });
  await using client = await context.startClient({ name: kind, gate });
  const live = (sinceMs: number) => gate.live.find((one) => one.openedAtMs >= sinceMs && one.called && !one.ended);
  await context.watch(ARRIVE_MS, () => live(0));
  await context.watch(context.ms(BASELINE_MS));
  const held = live(0);
  if (!held || nowMs() - held.openedAtMs < 0.9 * context.ms(BASELINE_MS)) {
    const { exit } = client.process;
    const why = exit
      ? `the client ended by itself (${exit.signal ?? `exit code ${exit.code}`}) on a healthy path`
      : 'the client did not hold a session for 10 s on a healthy path';
    return context.obstacle('BASELINE', why);
  }
  if (calls.areOver)
    return context.obstacle('BASELINE', 'the client made one call, which is over: it has nothing to come back for');
  context.phase('fault', kind);
  const before = gate.accepted;
  // A real server restarts through its own goodbye; with one behind a gate the gate's reset stands for its end.
  await disturb(gate, async () => {
    if (reference) reference.goAway(1001);
    else gate.resetAll();
  });
  const backMs = nowMs();
  context.phase('recovery', kind);
  // The session to which it came back may have begun while the fault was healing.
  let returned = live(held.openedAtMs + 1);
  await context.watch(context.ms(BACK_MS), async () => {
    returned = live(held.openedAtMs + 1);
    if (!returned) return false;
    await context.watch(STAYS_MS);
    return !returned.ended;
  });
  const isBack = returned !== undefined && !returned.ended;
  context.measure('returned', {
    kind,
    elsewhere: isBack ? null : await context.elsewhere(client),
    reconnectMs: returned && !returned.ended ? Math.max(0, returned.openedAtMs - backMs) : null,
    attempts: gate.accepted - before,
    exited: client.process.exit !== undefined,
    exitCode: client.process.exit?.code ?? null,
  });
}

/** Of gRPC (CHECKLIST rule 19): "Client checks need a call pending or repeated". */
class Calls {
  private made = 0;
  private ended = 0;
  readonly take = (event: EventBody) => {
    if (event.type === 'handshake' && event.dir === 'up' && event.rpc !== undefined) this.made += 1;
    if (event.type === 'trailers') this.ended += 1;
  };
  get areOver(): boolean {
    return this.made === 1 && this.ended === 1;
  }
}
