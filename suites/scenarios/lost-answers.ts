import lostAnswer, { type UnaryRequest } from '../../faults/lost-answer.js';
import type { EventBody } from '../../harness/contract.js';
import { defineScenario } from '../../harness/define.js';
import { servicesOf } from '../../harness/grpc-services.js';

const ARRIVE_MS = 60_000;
/** Its requests are seen to differ in that time, or to be alike. */
const BASELINE_MS = 10_000;
const TIMES = 3;
/** For its next request. */
const ASKS_MS = 30_000;
/** After the last one: longer than the first delays of anybody's backoff. */
const AGAIN_MS = 15_000;

/** Unary requests whose connection is reset when they have passed: are they sent again? */
export default defineScenario({
  id: 'lost-answers',
  about: 'unary calls whose connection is reset once the request has passed, three times: is the request sent again?',
  role: 'client',
  lane: 'quiet',
  faults: ['lost-answer'],
  windowMs: 6000 + BASELINE_MS + TIMES * 4000 + AGAIN_MS,
  async run(context) {
    const methods = servicesOf(context.target);
    const upstream = context.target.server ? await context.startServer() : await context.startReference();
    const rpcs = new Map<string, string>();
    let onRequest: ((request: UnaryRequest) => void) | undefined;
    let asked = 0;
    const onEvent = (event: EventBody) => {
      if (event.type === 'handshake' && event.dir === 'up' && event.rpc !== undefined)
        rpcs.set(`${event.conn}/${event.stream}`, event.rpc);
      if (event.type !== 'message' || event.dir !== 'up' || event.opcode !== 'binary') return;
      const { conn, stream = 0 } = event;
      const rpc = rpcs.get(`${conn}/${stream}`) ?? '';
      const method = methods.get(rpc);
      if (method?.pattern !== 'unary' || method.idempotent) return;
      asked += 1;
      onRequest?.({ conn, stream, rpc });
    };
    const gate = await context.openGate({ name: 'victim', to: upstream, onEvent });
    const client = await context.startClient({ name: 'victim', gate });
    const gone = () => client.process.exit !== undefined;
    context.phase('baseline');
    await context.watch(ARRIVE_MS, () => gate.live.length > 0 || gone());
    await context.watch(context.ms(BASELINE_MS), gone);
    for (const rpc of [...methods.values()].filter(({ pattern }) => pattern === 'unary'))
      context.measure('unary method', { rpc: rpc.rpc, idempotent: rpc.idempotent });
    if (asked > 0) {
      context.phase('fault');
      for (let i = 0; i < TIMES && !gone(); i++) {
        const before = asked;
        await using fault = await context.inject(
          lostAnswer,
          {
            gate,
            listen: (listener) => {
              onRequest = listener;
            },
          },
          {},
        );
        await context.watch(context.ms(ASKS_MS), () => asked > before || gone());
        const lost = asked;
        // One that goes through, whether it is the lost one or the next.
        await context.watch(context.ms(ASKS_MS), () => asked > lost || gone());
        await fault.heal();
      }
      context.phase('recovery');
      await context.watch(context.ms(AGAIN_MS), gone);
    }
    context.measure('asked', { times: asked, exited: gone() });
  },
});
