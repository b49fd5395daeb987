import { protocolNamed } from '../protocol.js';
import type { Random } from '../random.js';
import type { ScenarioContext } from '../scenario.js';
import type { StartedServer } from '../target/server.js';
import type { GarbageStage } from './garbage-bytes.js';
import { openRaw } from './raw-connection.js';

const OPEN_MS = 3000;
/** How long a server may take to react to a case before our side leaves. */
const REACTION_MS = 250;

/** One client that does what no correct one does. */
export interface GarbageCase {
  readonly kind: string;
  readonly stage: GarbageStage;
  readonly bytes: Buffer;
  /** By FIN or RST, whatever the server has done by then. */
  readonly leave: 'finish' | 'abort';
}

export function garbageCases(context: ScenarioContext, server: StartedServer): GarbageCase[] {
  const { random, target } = context;
  const protocol = protocolNamed(target.protocol);
  const stages = protocol.garbage(random, protocol.handshakeLines(target, { to: server }), target);
  return stages.flatMap(([stage, list]) =>
    list.map(([kind, bytes]) => ({ kind, stage, bytes, leave: leaving(random) })),
  );
}

function leaving(random: Random): GarbageCase['leave'] {
  return random.next() < 0.5 ? 'finish' : 'abort';
}

/** Sends one case; false where it did not arrive: no connection, or no handshake before it. */
export async function throwGarbage(
  context: ScenarioContext,
  server: StartedServer,
  { stage, bytes, leave }: GarbageCase,
  sourceHost?: string,
): Promise<boolean> {
  const where = { to: server, ...(sourceHost === undefined ? {} : { sourceHost }) };
  if (stage === 'handshake') {
    using raw = await openRaw({ ...where, timeoutMs: OPEN_MS }, context.target);
    raw?.write(bytes);
    await context.watch(REACTION_MS, () => !raw?.isOpen);
    raw?.[leave]();
    if (leave === 'finish') await context.watch(REACTION_MS, () => !raw?.isOpen);
    return raw !== undefined;
  }
  const compress = stage === 'deflate';
  const session = await context.openSession({
    ...where,
    name: 'garbage',
    silent: true,
    compress,
    openTimeoutMs: OPEN_MS,
  });
  if ('refused' in session) return false;
  session.sendRaw(bytes);
  await context.watch(REACTION_MS, () => !session.isOpen);
  if (leave === 'abort') session.abort();
  else session.terminate();
  return true;
}
