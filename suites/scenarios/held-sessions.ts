import { nowMs } from '../../harness/clock.js';
import type { Gate } from '../../harness/contract.js';
import type { ScenarioContext } from '../../harness/scenario.js';
import type { StartedClient } from '../../harness/target/client.js';

const ARRIVE_MS = 60_000;
/** A client that cannot hold a session on a healthy path shows nothing about a broken one (CHECKLIST rule 10). */
const BASELINE_MS = 10_000;

/** Starts one client a gate; undefined, with the obstacle told, where not all of them held a session for 10 s. */
export async function startHolding(
  context: ScenarioContext,
  gates: readonly Gate[],
): Promise<StartedClient[] | undefined> {
  const clients = await Promise.all(gates.map((gate) => context.startClient({ name: gate.name, gate })));
  await context.watch(ARRIVE_MS, () => gates.every((gate) => gate.live.some(({ downBytes }) => downBytes > 0)));
  const healthMs = context.ms(BASELINE_MS);
  await context.watch(healthMs);
  const held = holding(gates, healthMs);
  if (held.length === gates.length) return clients;
  const names = gates.map(({ name }) => name).join(', ');
  context.obstacle(
    'BASELINE',
    `only ${held.length} of ${gates.length} copies of the client (${names}) held a session for 10 s on a healthy path`,
  );
  return undefined;
}

/** The gates with a session that is as old as that. */
export function holding(gates: readonly Gate[], healthMs: number): Gate[] {
  return gates.filter((gate) =>
    gate.live.some(
      ({ openedAtMs, downBytes, ended }) => !ended && downBytes > 0 && nowMs() - openedAtMs >= 0.9 * healthMs,
    ),
  );
}
