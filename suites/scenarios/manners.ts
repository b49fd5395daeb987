import stop from '../../faults/stop.js';
import { defineScenario } from '../../harness/define.js';
import type { Address, ScenarioContext, Session } from '../../harness/scenario.js';
import type { StartedServer } from '../../harness/target/server.js';

/** The server is to end TCP within 5 s of the closing handshake [RFC 6455 7.1.1]; watched a little longer. */
const ENDS_MS = 6000;
const ANSWER_MS = 3000;
/** A drain of 30 s, and a little. */
const LEAVES_MS = 35_000;
/** What is let in and thrown out again before it got anything was refused. */
const STAYS_MS = 1000;
const FOREIGN = 'https://evil.example';
/** Just above the 64 MiB that unbounded-message allows. */
const HUGE_BYTES = 64 * 1024 * 1024 + 1024;

/** Opcode 3 is reserved for further non-control frames: the connection must be failed [RFC 6455 5.2]. Masked with a zero key. */
const RESERVED_OPCODE = Buffer.from([0x83, 0x80, 0, 0, 0, 0]);

export default defineScenario({
  id: 'manners',
  about:
    'a page of another host knocks, a client closes, one breaks the protocol, one announces 64 MiB, and the server is stopped',
  role: 'server',
  lane: 'quiet',
  faults: ['stop'],
  windowMs: 15_000,
  async run(context) {
    const server = await context.startServer();
    const gate = await context.openGate({ name: 'manners', to: server });
    const open = (name: string, more: { origin?: string; deaf?: boolean } = {}) =>
      context.openSession({ name, to: gate, ...more });
    context.phase('baseline');
    const plain = await context.mustOpen({ name: 'plain', to: gate });
    plain.terminate();

    await knock(context, 'origin', await open('foreign', { origin: FOREIGN }));
    // What refuses a page of its own host too has a list of its own, or takes no page at all.
    await knock(context, 'same origin', await open('own', { origin: ownOrigin(context, gate) }));

    context.phase('fault');
    // It neither answers nor ends TCP by itself, so that what ends it is the server.
    const closing = await open('closing', { deaf: true });
    if (!('refused' in closing)) {
      const conn = gate.accepted;
      context.measure('closes', { conn });
      closing.close(1000);
      await context.watch(ENDS_MS, () => gate.live.every(({ id, ended }) => id !== conn || ended));
      context.measure('closed', { conn, watchedMs: ENDS_MS });
      closing.terminate();
    }
    await provoke(context, 'protocol error', await open('breaks'), (session) => session.sendRaw(RESERVED_OPCODE));
    await provoke(context, 'too big', await open('announces'), (session) => session.sendHead(HUGE_BYTES));
    if (context.target.server?.command !== undefined) await goAway(context, server, await open('leaving'));
  },
});

async function knock(
  context: ScenarioContext,
  name: string,
  session: Session | { readonly refused: true; readonly status: number | undefined },
): Promise<void> {
  if ('refused' in session) return context.measure(name, { refused: true, status: session.status ?? null });
  await context.watch(context.ms(STAYS_MS), () => !session.isOpen || session.received > 0);
  context.measure(name, { refused: !session.isOpen && session.received === 0, status: 101 });
  session.terminate();
}

/** As a page of the server's own would have it; the Host header is that of the gate where we started the server. */
function ownOrigin({ target }: ScenarioContext, gate: Address): string {
  const { protocol, host } = new URL(target.server?.url ?? `ws://${gate.host}:${gate.port}`);
  return `${protocol.replace('ws', 'http')}//${host}`;
}

async function provoke(
  context: ScenarioContext,
  what: string,
  session: Session | { readonly refused: true },
  act: (session: Session) => void,
): Promise<void> {
  if ('refused' in session) return;
  act(session);
  const end = await session.ended(ANSWER_MS);
  context.measure('provoked', { what, ended: end !== undefined, code: end?.closeCode ?? null });
  session.terminate();
}

async function goAway(
  context: ScenarioContext,
  server: StartedServer,
  session: Session | { readonly refused: true },
): Promise<void> {
  if ('refused' in session) return;
  await context.inject(stop, server, { signal: context.target.server?.stopSignal ?? 'SIGTERM' });
  const end = await session.ended(context.ms(LEAVES_MS));
  context.measure('provoked', { what: 'going away', ended: end !== undefined, code: end?.closeCode ?? null });
}
