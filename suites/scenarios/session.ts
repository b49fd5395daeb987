import { defineScenario } from '../../harness/define.js';
import { HarnessError } from '../../harness/errors.js';
import { replaySession } from '../../harness/session/replay.js';

/** Not among the checklist's own: it runs where a target names what was done by hand (`replay`). */
export default defineScenario({
  id: 'session',
  about: 'what was done by hand in a session, done again: the same faults on the same places at the same times',
  role: 'server',
  lane: 'quiet',
  faults: [],
  windowMs: 60_000,
  async run(context) {
    const { replay } = context.target;
    if (!replay) throw new HarnessError('NO_SCENARIO', 'the target names no scenario to do again (replay)');
    await replaySession(context, replay);
  },
});
