import crash from '../../faults/crash.js';
import { defineScenario } from '../../harness/define.js';
import { messageOf } from '../../harness/errors.js';
import type { ScenarioContext } from '../../harness/scenario.js';
import type { StartedServer } from '../../harness/target/server.js';
import { drive, present, watchStream } from './watched-stream.js';

const RECENT = 20;
const AFTER = 12;
const AFTER_MS = 15_000;
/** What was kept and is sent to everybody who comes is over by then. */
const SETTLED_MS = 3000;

export default defineScenario({
  id: 'crash',
  about:
    'the server dies by SIGKILL while messages flow and starts again on its port; a new client, and one with its last id',
  role: 'server',
  lane: 'quiet',
  ownServer: true,
  faults: ['crash'],
  windowMs: 30_000,
  async run(context) {
    const { target, workload } = context;
    if (!workload.push && !workload.broadcast) {
      return context.obstacle('NO_STREAM', 'the server sends nothing of its own to a client that only listens');
    }
    const server = await context.startServer();
    const gate = await context.openGate({ name: 'victim', to: server });
    const stream = await watchStream(context, server, gate);
    const { field } = stream.find();
    if (!field) return context.obstacle('NO_ID', 'no id was found in the messages; name it with --sequence');
    context.measure('field', { pointer: field.pointer, by: field.by ?? null });
    const resumes = target.resume !== undefined && target.resume.in !== 'none';
    const known = stream.ids('victim', field);
    // Two good answers: what differs between them says nothing.
    const good = [known.at(-RECENT), known.at(-1)];
    for (const [i, id] of resumes ? good.entries() : []) {
      if (id) await present(context, { name: `good-${i}`, to: server, id, witness: stream.witness });
    }
    context.phase('fault');
    await context.inject(crash, server, {});
    const again = await restart(context, server);
    if (!again) return;
    context.phase('recovery');
    if (!workload.push) await drive(context, again, new Set(), 'sender-after');
    const newcomers = await context.openGate({ name: 'after', to: again });
    const after = await context.openSession({ name: 'after', to: newcomers });
    if ('refused' in after) return;
    const last = stream.ids('victim', field).at(-1);
    if (resumes && last) await present(context, { name: 'returned', to: again, id: last, witness: after });
    await context.watch(SETTLED_MS);
    await context.watch(AFTER_MS, () => after.received >= AFTER || !after.isOpen);
  },
});

async function restart(context: ScenarioContext, { port }: StartedServer): Promise<StartedServer | undefined> {
  try {
    return await context.startServer({ name: 'server-again', port });
  } catch (error) {
    context.obstacle('NOT_BACK', `the server did not start again on port ${port}: ${messageOf(error)}`);
    return undefined;
  }
}
