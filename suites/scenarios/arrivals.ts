import { nowMs } from '../../harness/clock.js';
import type { Slot } from '../../harness/contract.js';
import { defineScenario } from '../../harness/define.js';
import { slotsOf } from '../../harness/drivers/request.js';
import type { Refusal, ScenarioContext, Session } from '../../harness/scenario.js';

const STREAMS = 8;
/** Some tell their `retry:` with the first event only. */
const TELLS_MS = 20_000;
const LEAST_MS = 3000;
const EVENTS = 3;
const FOREIGN = 'https://evil.example';
/** A browser sends what cookies it has, whoever wrote the page. */
const COOKIE: Slot = { in: 'header', name: 'Cookie', value: 'session=holdfast' };

export default defineScenario({
  id: 'arrivals',
  about: '8 streams are opened side by side, and one by a page of another host with a cookie; what is each told?',
  role: 'server',
  lane: 'quiet',
  faults: [],
  windowMs: TELLS_MS + 1000,
  async run(context) {
    const { target } = context;
    const server = await context.startServer();
    const gate = await context.openGate({ name: 'arrivals', to: server });
    const foreignGate = await context.openGate({ name: 'foreign', to: server });
    context.phase('baseline');
    const opening = Array.from({ length: STREAMS }, (_, index) =>
      context.openSession({ name: `arrivals-${index + 1}`, to: gate }),
    );
    const streams = (await Promise.all(opening)).filter((one): one is Session => !('refused' in one));
    const slots = slotsOf({ bare: true }, target);
    const cookie = slots.some((slot) => slot.in === 'header' && slot.name.toLowerCase() === 'cookie') ? [] : [COOKIE];
    tellOrigin(
      context,
      await context.openSession({ name: 'foreign', to: foreignGate, origin: FOREIGN, slots: [...slots, ...cookie] }),
    );
    const startMs = nowMs();
    const complete = ({ isOpen, received }: Session) => !isOpen || received >= EVENTS;
    await context.watch(
      context.ms(TELLS_MS),
      () => nowMs() - startMs >= context.ms(LEAST_MS) && streams.every(complete),
    );
    context.measure('arrivals', { asked: STREAMS, opened: streams.length });
  },
});

/** Whether a page of that host may read what came: an answer that allows `*` may not be read by who sends cookies. */
function tellOrigin(context: ScenarioContext, session: Session | Refusal): void {
  if ('refused' in session) {
    context.measure('origin', { refused: true, status: session.status ?? null });
    return;
  }
  const allowed = session.header('access-control-allow-origin');
  context.measure('origin', {
    refused: false,
    status: 200,
    allows: allowed === FOREIGN ? 'this origin' : allowed === '*' ? 'any' : allowed === undefined ? 'none' : 'another',
    credentials: session.header('access-control-allow-credentials') === 'true',
  });
  session.terminate();
}
