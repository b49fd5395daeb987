import hungHandshake from '../../faults/hung-handshake.js';
import reset from '../../faults/reset.js';
import { nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import { hungByHand } from './hung.by-hand.js';

const ARRIVE_MS = 60_000;
const BASELINE_MS = 10_000;
/** Longer than the longest first delay that anybody uses. */
const FIRST_MS = 35_000;
const PATIENCE_MS = 62_000;
/** One attempt may race several connections (RFC 8305: 250 ms apart); what starts later is another attempt. */
const BESIDES_MS = 2000;
/** The attempt after it may wait for a delay that has grown. */
const AGAIN_MS = 45_000;

export default defineScenario({
  id: 'hung',
  about:
    'the client is cut, and whoever comes is accepted and never answered; does it give the attempt up and try again?',
  role: 'client',
  lane: 'quiet',
  faults: ['reset', 'hung-handshake'],
  windowMs: 6000 + BASELINE_MS + 70_000,
  byHand: hungByHand,
  async run(context) {
    const upstream = context.target.server ? await context.startServer() : await context.startReference();
    const gate = await context.openGate({ name: 'hung', to: upstream });
    const client = await context.startClient({ name: 'hung', gate });
    await context.watch(ARRIVE_MS, () => gate.live.find(({ called }) => called));
    context.phase('baseline');
    await context.watch(context.ms(BASELINE_MS));
    const held = gate.live.find(({ called, ended }) => called && !ended);
    if (!held || nowMs() - held.openedAtMs < 0.9 * context.ms(BASELINE_MS)) {
      return context.obstacle('BASELINE', 'the client did not hold a session for 10 s on a healthy path');
    }
    context.phase('fault');
    const before = gate.accepted;
    const injection = await context.inject(hungHandshake, gate, { gate: gate.name });
    await context.inject(reset, [gate], {});
    const exited = () => client.process.exit !== undefined;
    const first = await context.watch(context.ms(FIRST_MS), () => gate.live.find(({ id }) => id > before));
    if (!first) return context.measure('hung', { tried: false, gaveUpMs: null, again: null, exited: exited() });
    // Some leave the socket of an attempt that they have given up to the garbage collector, and try again beside it.
    const besides = () =>
      gate.live.some(({ id, openedAtMs }) => id > first.id && openedAtMs - first.openedAtMs >= context.ms(BESIDES_MS));
    const gaveUp = await context.watch(context.ms(PATIENCE_MS), () => first.ended || exited() || besides());
    const gaveUpMs = gaveUp ? nowMs() - first.openedAtMs : null;
    const others = gate.accepted;
    const again =
      gaveUp && (besides() || (await context.watch(context.ms(AGAIN_MS), () => gate.accepted > others)) === true);
    context.measure('hung', { tried: true, gaveUpMs, again: again === true, exited: exited() });
    await injection.heal();
  },
});
