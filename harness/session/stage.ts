import type { Observer } from '../contract.js';
import type { Address, ScenarioContext } from '../scenario.js';
import { Admissions } from './admissions.js';
import { SESSION_GATE } from './names.js';
import type { Stage } from './subjects.js';
import { noteWords, Witness } from './witness.js';

/** A server, and the gate before it that clients come to; of a session, and of a scenario that does one again. */
export async function setStage(
  context: ScenarioContext,
  how: {
    readonly listen?: Address;
    readonly observer?: Observer;
    /** Once the server takes connections; whether what passes can be decoded. */
    readonly learn?: (server: Address) => Promise<boolean>;
  } = {},
): Promise<Stage> {
  const { learn, ...gateway } = how;
  const admissions = new Admissions();
  noteWords(context);
  let current = await context.startServer();
  const tap = (await learn?.(current)) ?? true;
  const gate = await context.openGate({ name: SESSION_GATE, to: current, tap, admit: admissions.admit, ...gateway });
  const follow = () => gate.setUpstream(current.host, current.port);
  return {
    context,
    gate,
    admissions,
    witness: new Witness(context, gate, () => current),
    server: () => current,
    async restart() {
      current = await context.startServer({ port: current.port });
      follow();
    },
    follow,
  };
}
