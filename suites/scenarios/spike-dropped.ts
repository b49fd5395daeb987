import drop from '../../faults/packet-drop.js';
import { nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import { kernelView } from '../../harness/probes/kernel-queues.js';
import { isDuplex } from '../../harness/protocol.js';
import { canDropPackets, canMakeNamespace } from '../../harness/target/namespace.js';
import { socketState } from '../../harness/target/sockets.js';
import { SPIKE_MS } from './spike.js';

const BASELINE_MS = 2000;
/** A heartbeat falls into it (CHECKLIST rule 11): only what is on its way can be late. */
const WAITS_MS = 35_000;
/** TCP sends again at doubled intervals: up to the length of the spike after it. */
const ARRIVES_MS = 12_000;
const AFTER_MS = 2000;
const LOOK_MS = 100;

/**
 * The companion of `spike`, for servers whose clients say nothing: all such a server can hear of a spike is that nothing is
 * acknowledged, and Toxiproxy acknowledges everything at once.
 */
export default defineScenario({
  id: 'spike-dropped',
  recordsAs: 'spike',
  namespace: 'network',
  about: 'the same by 5 s of dropped packets in a network namespace, where only TCP could tell the server of a spike',
  role: 'server',
  lane: 'quiet',
  ownServer: true,
  faults: ['packet-drop'],
  windowMs: BASELINE_MS + SPIKE_MS + ARRIVES_MS,
  unless: (target) => {
    if (isDuplex(target) || target.protocol === 'grpc') return 'its clients answer: a spike is seen by the other path';
    const namespace = canMakeNamespace();
    return namespace.ok ? undefined : (namespace.reason ?? 'no network namespace can be made here');
  },
  async run(context) {
    const able = canDropPackets();
    if (!able.ok) return context.obstacle('NO_PACKET_DROP', able.reason ?? 'packets cannot be dropped here');
    const server = await context.startServer({ name: 'server-dropped' });
    const gate = await context.openGate({ name: 'dropped', to: server });
    await context.mustOpen({ name: 'dropped', to: gate });
    await context.watch(context.ms(BASELINE_MS));
    const connection = gate.live.find(({ ended }) => !ended);
    if (!connection) return context.obstacle('NO_PACKET_DROP', 'the server ended a healthy stream in the namespace');
    const { upstreamPort } = connection;
    const injection = await context.inject(
      drop,
      { localPort: server.port, remotePort: upstreamPort },
      { port: server.port },
      'dropped',
    );
    const late = await context.watch(
      context.ms(WAITS_MS),
      () => (kernelView(server.port)?.queuedBytes ?? 0) > 0,
      LOOK_MS,
    );
    if (!late) return context.obstacle('NO_PACKET_DROP', 'the server sent nothing in 35 s that could have been late');
    // A stream of the same age on a healthy path.
    const control = await context.mustOpen({ name: 'control', to: server });
    const startMs = nowMs();
    await context.watch(context.ms(SPIKE_MS));
    const gone = socketState(server.port, upstreamPort) !== 'ESTABLISHED';
    await injection.heal();
    const { downBytes } = connection;
    await context.watch(context.ms(ARRIVES_MS), () => gone || connection.ended || connection.downBytes > downBytes);
    const rttMaxMs = nowMs() - startMs;
    await context.watch(context.ms(AFTER_MS), () => connection.ended);
    const facts = { rttMaxMs, spikeMs: context.ms(SPIKE_MS), controlOpen: control.isOpen };
    context.measure('spiked', { path: 'dropped', by: 'server', gone, ...facts });
  },
});
