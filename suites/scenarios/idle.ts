import { defineScenario } from '../../harness/define.js';

/** Twice the longest silence that is allowed (30 s + 5 s) and a little. */
const WATCH_MS = 75_000;

export default defineScenario({
  id: 'idle',
  about: 'one session that says nothing, watched for 75 s',
  role: 'server',
  lane: 'quiet',
  faults: [],
  windowMs: WATCH_MS + 2000,
  async run(context) {
    const { target } = context;
    const server = await context.startServer({ env: target.server?.quietEnv ?? {} });
    const gate = await context.openGate({ name: 'idle', to: server });
    const session = await context.mustOpen({ name: 'idle', to: gate });
    context.phase('baseline');
    await context.watch(context.ms(WATCH_MS), () => session.end);
  },
});
