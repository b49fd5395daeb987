import { defineScenario } from '../../harness/define.js';
import { type Answer, startImpostor } from '../../harness/drivers/websocket-impostor.js';
import type { ScenarioContext } from '../../harness/scenario.js';

/** A client may need a JVM or a bundler to start. */
const ARRIVE_MS = 60_000;
/** What took the answer for a WebSocket answers a ping at once; some read only now and then. */
const WATCH_MS = 5000;
const ANSWERS: readonly Answer[] = ['right', 'status 200', 'wrong accept', 'unasked subprotocol'];
/** Words of the application that say what it took the answer for. */
const TOOK = ['open', 'message'];
const LEFT = ['close', 'error', 'retry'];

/** Each answer on a client process of its own; the right one shows how this client looks when it accepts. */
export default defineScenario({
  id: 'handshakes',
  about: 'the handshake is answered with 200, with a wrong accept value, with a subprotocol that nobody asked for',
  role: 'client',
  lane: 'quiet',
  faults: [],
  windowMs: 9000,
  async run(context) {
    context.phase('fault');
    // A client with a port of its own leaves no room for a second one.
    if (context.target.client?.listen !== undefined) for (const answer of ANSWERS) await tryOne(context, answer);
    else await Promise.all(ANSWERS.map((answer) => tryOne(context, answer)));
  },
});

async function tryOne(context: ScenarioContext, answer: Answer): Promise<void> {
  const impostor = context.defer(await startImpostor(answer));
  await using gate = await context.openGate({ name: answer, to: impostor });
  const said: string[] = [];
  // To end at once is a way to refuse.
  const onReport = ({ event }: { readonly event: string }) => void (impostor.seen.length > 0 && said.push(event));
  await using client = await context.startClient({ name: answer, gate, settleMs: 0, onReport });
  await context.watch(ARRIVE_MS, () => impostor.seen.length > 0 || client.process.exit !== undefined);
  const took = () =>
    impostor.seen.some((one) => one.ponged || one.said > 0) || said.some((event) => TOOK.includes(event));
  if (impostor.seen.length > 0) await context.watch(WATCH_MS, took);
  const { exit } = client.process;
  context.measure('answered', {
    answer,
    handshakes: impostor.seen.length,
    ponged: impostor.seen.some(({ ponged }) => ponged),
    said: impostor.seen.reduce((sum, one) => sum + one.said, 0),
    reported: said.find((event) => TOOK.includes(event)) ?? null,
    took: took(),
    left:
      exit !== undefined ||
      impostor.seen.length > 1 ||
      impostor.seen.some((one) => one.ended || one.closeCode !== null) ||
      said.some((event) => LEFT.includes(event)),
    exitCode: exit?.code ?? null,
  });
}
