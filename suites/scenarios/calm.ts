import { nowMs } from '../../harness/clock.js';
import type { ScenarioContext } from '../../harness/scenario.js';

const STEP_MS = 20;
/** Later than that, something else had the cores: programs of other scenarios that start. */
const LATE_MS = 15;
const CALM_MS = 1000;
/** A machine that is always busy is not waited for; what is measured on it is held against its noise. */
const PATIENCE_MS = 20_000;

/** Waits until this process has been on time for a second: before delays of less than a second are compared. */
export async function untilCalm(context: ScenarioContext): Promise<void> {
  let lastMs = nowMs();
  let calmSinceMs = lastMs;
  await context.watch(
    PATIENCE_MS,
    () => {
      const now = nowMs();
      if (now - lastMs > STEP_MS + LATE_MS) calmSinceMs = now;
      lastMs = now;
      return now - calmSinceMs >= CALM_MS;
    },
    STEP_MS,
  );
}
