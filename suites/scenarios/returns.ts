import { every, nowMs, watchLoop } from '../../harness/clock.js';
import type { EventBody, HistoryEvent, HistoryView, Phase } from '../../harness/contract.js';
import { viewOf } from '../../harness/history.js';
import type { ScenarioContext } from '../../harness/scenario.js';

/** As often as a worker tells it. */
const LOOP_MS = 1000;

/** What a scenario must see of its own history to know whether noise has spoiled a round: who left and came back, and who stood still. */
export function watchReturns(context: ScenarioContext) {
  const seen: HistoryEvent[] = [];
  const onEvent = (event: EventBody, atMs: number) => {
    if (event.type === 'message' && event.opcode !== 'close') return;
    seen.push({ ...event, seq: seen.length + 1, t: atMs, scenario: '' });
  };
  const loop = context.defer(watchLoop());
  context.defer(every(LOOP_MS, () => onEvent({ type: 'loop', who: 'returns', ...loop.read() }, nowMs())));
  return {
    onEvent,
    phase: (phase: Phase, label: string) => onEvent({ type: 'phase', phase, label }, nowMs()),
    history: (): HistoryView => viewOf(seen),
  };
}
