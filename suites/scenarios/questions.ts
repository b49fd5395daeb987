import type { EventBody } from '../../harness/contract.js';
import { defineScenario } from '../../harness/define.js';
import { servicesOf } from '../../harness/grpc-services.js';

const ARRIVE_MS = 60_000;
const WATCHED_MS = 20_000;

export default defineScenario({
  id: 'questions',
  about: 'what a client asks, and with which deadlines, on a healthy path for 20 s',
  role: 'client',
  lane: 'quiet',
  faults: [],
  windowMs: WATCHED_MS + 3000,
  async run(context) {
    const asked: Extract<EventBody, { type: 'handshake' }>[] = [];
    const upstream = context.target.server ? await context.startServer() : await context.startReference();
    const onEvent = (event: EventBody) => {
      if (event.type === 'handshake' && event.dir === 'up' && event.rpc !== undefined) asked.push(event);
    };
    const gate = await context.openGate({ name: 'questions', to: upstream, onEvent });
    await context.startClient({ name: 'client', gate });
    await context.watch(ARRIVE_MS, () => asked.length > 0);
    context.phase('baseline');
    await context.watch(context.ms(WATCHED_MS));
    const services = servicesOf(context.target);
    const rpcs = new Set(asked.map(({ rpc }) => rpc ?? ''));
    for (const rpc of rpcs) {
      const calls = asked.filter((one) => one.rpc === rpc);
      const deadlines = calls.flatMap(({ deadlineMs }) => deadlineMs ?? []);
      context.measure('asked', {
        rpc,
        pattern: services.get(rpc)?.pattern ?? null,
        calls: calls.length,
        withDeadline: deadlines.length,
        deadlineMs: deadlines.length > 0 ? Math.round(Math.max(...deadlines)) : null,
      });
    }
  },
});
