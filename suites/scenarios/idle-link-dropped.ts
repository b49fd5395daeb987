import drop from '../../faults/packet-drop.js';
import { nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import { canDropPackets, canMakeNamespace } from '../../harness/target/namespace.js';
import { keepaliveDueMs, socketState } from '../../harness/target/sockets.js';
import { FIND_MS, silentServer } from './idle-link.js';

const ARRIVE_MS = 60_000;
const SETTLE_MS = 2000;
const MARGIN_MS = 2000;
/** A look walks the kernel's whole table of sockets: about 5 ms. */
const LOOK_MS = 250;

/** The companion of `idle-link`, for clients whose sockets look after it by TCP keepalive in time. */
export default defineScenario({
  id: 'idle-link-dropped',
  recordsAs: 'idle-link',
  namespace: 'network',
  about: 'the same by dropping packets in a network namespace, where the client relies on TCP keepalive',
  role: 'client',
  lane: 'quiet',
  faults: ['packet-drop'],
  windowMs: 6000 + SETTLE_MS + FIND_MS + MARGIN_MS,
  unless: () => {
    const namespace = canMakeNamespace();
    return namespace.ok ? undefined : (namespace.reason ?? 'no network namespace can be made here');
  },
  async run(context) {
    const able = canDropPackets();
    if (!able.ok) return context.obstacle('NO_PACKET_DROP', able.reason ?? 'packets cannot be dropped here');
    const gate = await context.openGate({ name: 'dropped', to: await silentServer(context) });
    await context.startClient({ name: 'dropped', gate });
    await context.watch(ARRIVE_MS, () => gate.live.find(({ downBytes }) => downBytes > 0));
    await context.watch(context.ms(SETTLE_MS));
    const connection = gate.live.find(({ downBytes, ended }) => downBytes > 0 && !ended);
    if (!connection) return context.obstacle('NO_PACKET_DROP', 'the client held no connection in the namespace');
    const { clientPort } = connection;
    const dueMs = await context.watch(2000, () => keepaliveDueMs(clientPort, gate.port), LOOK_MS);
    if (dueMs === undefined || dueMs > FIND_MS) return;
    const { accepted } = gate;
    const startMs = nowMs();
    const ports = { localPort: clientPort, remotePort: gate.port };
    const injection = await context.inject(drop, ports, { port: gate.port });
    const found = await context.watch(
      context.ms(FIND_MS + MARGIN_MS),
      () => gate.accepted > accepted || socketState(clientPort, gate.port) !== 'ESTABLISHED',
      LOOK_MS,
    );
    context.measure('dropped', { foundMs: found ? nowMs() - startMs : null });
    await injection.heal();
  },
});
