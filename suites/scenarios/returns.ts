import { nowMs, watchLoop } from '../../harness/clock.js';
import type { EventBody, HistoryEvent, HistoryView } from '../../harness/contract.js';
import { viewOf } from '../../harness/history.js';
import type { ScenarioContext } from '../../harness/scenario.js';

/** What a scenario must see of its own history to know whether noise has spoiled a round: who left and came back, and who stood still. */
export function watchReturns(context: ScenarioContext) {
  const seen: HistoryEvent[] = [];
  return {
    onEvent(event: EventBody, atMs = nowMs()) {
      if (event.type === 'message' && event.opcode !== 'close') return;
      seen.push({ ...event, seq: seen.length + 1, t: atMs, scenario: '' });
    },
    loop: context.defer(watchLoop()),
    history: (): HistoryView => viewOf(seen),
  };
}
