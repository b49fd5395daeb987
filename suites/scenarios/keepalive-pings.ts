import { nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import { openGrpc } from '../../harness/drivers/grpc.js';
import type { ScenarioContext } from '../../harness/scenario.js';
import type { StartedServer } from '../../harness/target/server.js';

const EVERY_S = [30, 10, 5, 1];
/** The first is never a strike, and two are let pass. */
const PINGS = 5;
const ANSWER_MS = 3000;

export default defineScenario({
  id: 'keepalive-pings',
  about: 'idle calls whose clients send five PINGs, each 30, 10, 5 and 1 s apart; does the server end one for it?',
  role: 'server',
  lane: 'quiet',
  faults: [],
  windowMs: Math.max(...EVERY_S) * (PINGS - 1) * 1000 + ANSWER_MS,
  unless: ({ protocol }) => (protocol === 'grpc' ? undefined : 'PINGs are of HTTP/2'),
  async run(context) {
    const server = await context.startServer({ env: context.target.server?.quietEnv ?? {} });
    context.phase('baseline');
    await Promise.all(EVERY_S.map((everyS) => pinged(context, server, everyS)));
  },
});

async function pinged(context: ScenarioContext, server: StartedServer, everyS: number): Promise<void> {
  const name = `pings-${everyS}`;
  const gate = await context.openGate({ name, to: server });
  const opened = await openGrpc({ name, to: gate }, context);
  if ('refused' in opened) return;
  const session = context.defer(opened);
  const { connection } = session;
  const startMs = nowMs();
  let [sent, answered] = [0, 0];
  while (sent < PINGS && session.isOpen) {
    sent += 1;
    connection.session.ping((error) => {
      if (!error) answered += 1;
    });
    const last = sent === PINGS;
    const windowMs = last ? ANSWER_MS : startMs + sent * context.ms(everyS * 1000) - nowMs();
    await context.watch(windowMs, () => !session.isOpen || (last && answered === sent));
  }
  const { goaway } = connection;
  context.measure('pinged', { everyS, sent, answered, open: session.isOpen, goaway: goaway?.code ?? null });
}
