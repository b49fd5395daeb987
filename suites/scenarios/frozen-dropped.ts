import drop from '../../faults/packet-drop.js';
import { nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import { isDuplex } from '../../harness/protocol.js';
import { canDropPackets, canMakeNamespace } from '../../harness/target/namespace.js';
import { hasKeepaliveTimer, socketState } from '../../harness/target/sockets.js';

const RELEASE_MS = 90_000;
const MARGIN_MS = 2000;
/** A look walks the kernel's whole table of sockets: about 5 ms. */
const LOOK_MS = 250;
/** What had arrived before the packets were dropped. */
const UNDER_WAY_MS = 100;

/** The companion of `frozen`, for servers whose sockets carry a TCP keepalive timer, or whose clients say nothing: user space cannot withhold ACKs. */
export default defineScenario({
  id: 'frozen-dropped',
  recordsAs: 'frozen',
  namespace: 'network',
  about: 'the same by dropping packets in a network namespace, where the server has TCP alone to notice by',
  role: 'server',
  lane: 'quiet',
  ownServer: true,
  faults: ['packet-drop'],
  windowMs: RELEASE_MS + MARGIN_MS + 4000,
  unless: () => {
    const namespace = canMakeNamespace();
    return namespace.ok ? undefined : (namespace.reason ?? 'no network namespace can be made here');
  },
  async run(context) {
    const able = canDropPackets();
    if (!able.ok) return context.obstacle('NO_PACKET_DROP', able.reason ?? 'packets cannot be dropped here');
    const server = await context.startServer({ name: 'server-dropped' });
    const session = await context.mustOpen({ name: 'dropped', to: server });
    // A server may set its keepalive only after the handshake.
    await context.watch(context.ms(2000));
    const { localPort } = session;
    // Of gRPC's servers some have a TCP user timeout, which nothing shows (proposal A18: on by default in C-core).
    const keepaliveOnly = isDuplex(context.target) && context.target.protocol !== 'grpc';
    const keepalive = await context.watch(2000, () => hasKeepaliveTimer(server.port, localPort), LOOK_MS);
    if (keepaliveOnly && !keepalive) return;
    const injection = await context.inject(
      drop,
      { localPort: server.port, remotePort: localPort },
      { port: server.port },
    );
    const startMs = nowMs();
    // The session pinged and was answered a moment ago; now the same ping stays unanswered, or the drop did not act.
    const heard = await session.ping(Buffer.from('during'), 3000);
    if (heard !== undefined)
      return context.obstacle('NO_PACKET_DROP', 'a ping came through in spite of the dropped packets');
    await context.watch(UNDER_WAY_MS);
    const { receivedBytes } = session;
    const gone = await context.watch(
      startMs + context.ms(RELEASE_MS + MARGIN_MS) - nowMs(),
      () => socketState(server.port, localPort) !== 'ESTABLISHED',
      LOOK_MS,
    );
    if (session.receivedBytes > receivedBytes)
      return context.obstacle('NO_PACKET_DROP', 'events came through in spite of the dropped packets');
    context.measure('dropped', { released: gone === true, releasedMs: gone ? nowMs() - startMs : null });
    await injection.heal();
  },
});
