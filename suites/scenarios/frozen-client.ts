import freeze from '../../faults/freeze.js';
import { nowMs } from '../../harness/clock.js';
import type { EventBody } from '../../harness/contract.js';
import { defineScenario } from '../../harness/define.js';
import { hasKeepaliveTimer } from '../../harness/target/sockets.js';
import { frozenClientByHand } from './frozen-client.by-hand.js';

const ARRIVE_MS = 60_000;
const BASELINE_MS = 10_000;
const NOTICE_MS = 90_000;
const MARGIN_MS = 2000;
/** Longer than the longest first delay that anybody uses. */
const CONTROL_MS = 35_000;
/** A look walks the kernel's whole table of sockets: about 5 ms. */
const LOOK_MS = 100;

export default defineScenario({
  id: 'frozen-client',
  about: 'the link to the server goes dead without an end; does the client notice and come back within 90 s?',
  role: 'client',
  lane: 'quiet',
  faults: ['freeze'],
  windowMs: 6000 + BASELINE_MS + NOTICE_MS + MARGIN_MS,
  byHand: frozenClientByHand,
  async run(context) {
    const upstream = context.target.server ? await context.startServer() : await context.startReference();
    const asked = new Set<number>();
    const heardMs = new Map<number, number>();
    const onEvent = (event: EventBody) => {
      if (event.type === 'handshake' && event.dir === 'up') asked.add(event.conn);
      if (event.type === 'message' && event.dir === 'down' && !heardMs.has(event.conn))
        heardMs.set(event.conn, nowMs());
    };
    const gate = await context.openGate({ name: 'frozen', to: upstream, onEvent });
    // A channel of gRPC comes back by itself, also where nobody issues the call again.
    const isBack = context.target.protocol === 'grpc' ? (conn: number) => asked.has(conn) : () => true;
    await context.startClient({ name: 'frozen', gate });
    await context.watch(ARRIVE_MS, () => gate.live.find(({ downBytes }) => downBytes > 0));
    context.phase('baseline');
    await context.watch(context.ms(BASELINE_MS));
    const connection = gate.live.find(({ downBytes, ended }) => downBytes > 0 && !ended);
    // Whose login is still to be answered, on a busy machine, has not begun to watch its link.
    const begunMs = connection && Math.max(connection.openedAtMs, heardMs.get(connection.id) ?? 0);
    const held = () =>
      begunMs !== undefined && !connection?.ended && nowMs() - begunMs >= 0.9 * context.ms(BASELINE_MS);
    if (!connection || !(await context.watch(context.ms(BASELINE_MS), held))) {
      return context.obstacle('BASELINE', 'the client did not hold a session for 10 s on a healthy path');
    }
    context.phase('fault');
    const startMs = nowMs();
    const injection = await context.inject(freeze, connection, { conn: connection.id });
    let noticedMs: number | null = null;
    let backMs: number | null = null;
    await context.watch(context.ms(NOTICE_MS + MARGIN_MS), () => {
      const again = gate.live.some(
        (other) => other.id !== connection.id && other.openedAtMs >= startMs && other.downBytes > 0 && isBack(other.id),
      );
      // A server that lets go of the dead link is not heard by the client.
      if (connection.endedBy === 'client' || again) noticedMs ??= nowMs() - startMs;
      if (again) backMs = nowMs() - startMs;
      return again;
    });
    const keepalive =
      noticedMs === null &&
      (await context.watch(2000, () => hasKeepaliveTimer(connection.clientPort, gate.port), LOOK_MS)) === true;
    // What never comes back shows nothing about noticing.
    let returnsAfterReset: boolean | null = null;
    if (noticedMs === null) {
      const before = gate.accepted;
      connection.reset();
      returnsAfterReset = (await context.watch(context.ms(CONTROL_MS), () => gate.accepted > before)) === true;
    }
    context.measure('noticed', { detectMs: noticedMs, backMs, keepalive, returnsAfterReset });
    await injection.heal();
  },
});
