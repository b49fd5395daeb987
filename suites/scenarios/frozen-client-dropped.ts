import drop from '../../faults/packet-drop.js';
import { nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import { canDropPackets, canMakeNamespace } from '../../harness/target/namespace.js';
import { hasKeepaliveTimer } from '../../harness/target/sockets.js';

const ARRIVE_MS = 60_000;
const NOTICE_MS = 90_000;
const MARGIN_MS = 2000;
/** A look walks the kernel's whole table of sockets: about 5 ms. */
const LOOK_MS = 100;

/** The companion of `frozen-client`, for clients whose sockets carry a TCP keepalive timer. */
export default defineScenario({
  id: 'frozen-client-dropped',
  recordsAs: 'frozen-client',
  namespace: 'network',
  about: 'the same by dropping packets in a network namespace, where the client relies on TCP keepalive',
  role: 'client',
  lane: 'quiet',
  faults: ['packet-drop'],
  windowMs: 6000 + NOTICE_MS + MARGIN_MS,
  unless: () => {
    const namespace = canMakeNamespace();
    return namespace.ok ? undefined : (namespace.reason ?? 'no network namespace can be made here');
  },
  async run(context) {
    const able = canDropPackets();
    if (!able.ok) return context.obstacle('NO_PACKET_DROP', able.reason ?? 'packets cannot be dropped here');
    const upstream = context.target.server ? await context.startServer() : await context.startReference();
    const gate = await context.openGate({ name: 'dropped', to: upstream });
    await context.startClient({ name: 'dropped', gate });
    await context.watch(ARRIVE_MS, () => gate.live.find(({ downBytes }) => downBytes > 0));
    await context.watch(context.ms(2000));
    const connection = gate.live.find(({ downBytes, ended }) => downBytes > 0 && !ended);
    if (!connection) return context.obstacle('NO_PACKET_DROP', 'the client held no session in the namespace');
    // A stream every 200 ms leaves little room in which the timer shows.
    const keepalive = await context.watch(5000, () => hasKeepaliveTimer(connection.clientPort, gate.port), LOOK_MS);
    if (!keepalive) return;
    const startMs = nowMs();
    const injection = await context.inject(
      drop,
      { localPort: connection.clientPort, remotePort: gate.port },
      { port: gate.port },
    );
    const again = await context.watch(context.ms(NOTICE_MS + MARGIN_MS), () =>
      gate.live.some((other) => other.id !== connection.id && other.openedAtMs >= startMs && other.downBytes > 0),
    );
    context.measure('dropped', { backMs: again ? nowMs() - startMs : null });
    await injection.heal();
  },
});
