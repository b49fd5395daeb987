import { defineScenario } from '../../harness/define.js';

const ANSWER_MS = 5000;

export default defineScenario({
  id: 'pings',
  about: 'pings with an empty, a short and the longest payload, one after another',
  role: 'server',
  lane: 'quiet',
  faults: [],
  windowMs: 3000,
  async run(context) {
    const server = await context.startServer();
    const gate = await context.openGate({ name: 'pings', to: server });
    const session = await context.mustOpen({ name: 'pings', to: gate });
    context.phase('baseline');
    for (const payload of [Buffer.from('holdfast'), Buffer.alloc(0), Buffer.alloc(125, 'p')]) {
      const open = session.isOpen;
      const tookMs = await session.ping(payload, ANSWER_MS);
      context.measure('ping', { bytes: payload.length, tookMs: tookMs ?? null, open, openAfter: session.isOpen });
      if (!session.isOpen) break;
    }
  },
});
