import { defineScenario } from '../../harness/define.js';
import { type ScriptedServer, startScriptedServer } from '../../harness/drivers/sse-scripted.js';
import type { ScenarioContext } from '../../harness/scenario.js';
import { playWhole } from './exact-events.js';
import { playIds, playNul, playUtf8 } from './exact-ids.js';
import { Play } from './exact-play.js';

/** Each on a client process of its own: what one of them is driven to says nothing of the others. */
const PLAYS: Readonly<Record<string, (play: Play) => Promise<void>>> = {
  ids: playIds,
  'UTF-8 id': playUtf8,
  'NUL id': playNul,
  whole: playWhole,
};

export default defineScenario({
  id: 'exact-streams',
  about:
    'streams given byte by byte: ids of every make, events cut before their end, line ends and characters split across packets',
  role: 'client',
  lane: 'quiet',
  faults: [],
  windowMs: 70_000,
  async run(context) {
    context.phase('fault');
    const names = Object.keys(PLAYS);
    // A client with a port of its own leaves no room for a second one.
    if (context.target.client?.listen !== undefined) for (const name of names) await perform(context, name);
    else await Promise.all(names.map((name) => perform(context, name)));
  },
});

async function perform(context: ScenarioContext, name: string): Promise<void> {
  const server: ScriptedServer = context.defer(await startScriptedServer());
  await using gate = await context.openGate({ name, to: server });
  await using client = await context.startClient({ name, gate, settleMs: 0 });
  const play = new Play({ context, server, gate, client });
  await PLAYS[name]?.(play);
  const { exit } = client.process;
  context.measure('played', { play: name, exited: exit !== undefined, exit: exit?.code ?? exit?.signal ?? null });
}
