import badCredentials from '../../faults/bad-credentials.js';
import { nowMs } from '../../harness/clock.js';
import type { Target } from '../../harness/contract.js';
import { defineScenario } from '../../harness/define.js';
import { payloadOf } from '../../harness/drivers/workload.js';
import { heartbeatHashes } from '../../harness/heartbeats.js';
import { isDuplex, protocolNamed } from '../../harness/protocol.js';
import type { ScenarioContext, Session } from '../../harness/scenario.js';
import type { StartedServer } from '../../harness/target/server.js';

/** What a stream is known by needs some messages of it. */
const SETTLE_MS = 3000;
const SETTLED = 4;
/** A stranger has to be gone after 10 s; watched a little longer. */
const WATCH_MS = 12_500;
/** A question comes when the server has had time to answer the handshake's own. */
const ASK_MS = 1000;
/** Our library tells a close code once TCP has ended. */
const CODE_MS = 1000;
/** An answer that says no may quote what it answers. */
const REFUSAL =
  /error(?!"\s*:\s*(null|false|""))|unauth|forbidden|denied|not allowed|invalid|reject|\bauth(enticat\w*)?\b|log ?in\b/i;

type Name = 'silent' | 'asking' | 'wrong';

export default defineScenario({
  id: 'credentials',
  about: 'clients with no credential and with a wrong one come beside a good one; what do they get, and for how long?',
  role: 'server',
  lane: 'quiet',
  faults: ['bad-credentials'],
  windowMs: SETTLE_MS + WATCH_MS + 2000,
  async run(context) {
    const { target, workload, observer } = context;
    if (isInAddress(target))
      return context.obstacle('CREDENTIAL', 'the path or URL holds the credential itself: give it by --auth alone');
    const server = await context.startServer();
    const heartbeats = heartbeatHashes((text) => observer.hash(text));
    context.measure('heartbeat words', Object.fromEntries([...heartbeats].map((hash, index) => [index, hash])));
    context.phase('baseline');
    // The good one must open first (CHECKLIST rule 21); it also tells what is to be had here.
    const gate = await context.openGate({ name: 'good', to: server });
    const seen = new Set<string>();
    const asked: string[] = [];
    const good = await context.openSession({
      name: 'good',
      to: gate,
      onMessage: ({ payload }) => tokensSeen(payload, asked, seen),
    });
    if ('refused' in good) return context.obstacle('CREDENTIAL', `the declared credential was refused: ${good.reason}`);
    await context.watch(context.ms(SETTLE_MS), () => !good.isOpen || good.received >= SETTLED);
    context.phase('fault');
    const subscribesByMessage = target.subscribe?.in === 'message' && isDuplex(target);
    const asks = workload.echo || workload.broadcast;
    const names: Name[] = [
      'silent',
      ...(subscribesByMessage || asks ? (['asking'] as const) : []),
      ...(target.badAuth && target.badAuth.in !== 'none' ? (['wrong'] as const) : []),
    ];
    const strangers = await Promise.all(names.map((name) => admit(context, server, name)));
    await context.watch(context.ms(ASK_MS));
    const probes = asks ? strangers.filter(({ name, session }) => name !== 'silent' && session?.isOpen) : [];
    for (const { session, token } of probes) {
      asked.push(token);
      session?.send(payloadOf(workload.form === 'text' ? 'text' : 'json', token, 128));
    }
    // From the close frame on it is ended, however long TCP stays.
    const leftAtMs = new Map<Name, number>();
    await context.watch(context.ms(WATCH_MS - ASK_MS), () => {
      for (const { name, session } of strangers)
        if (!session?.isOpen && !leftAtMs.has(name)) leftAtMs.set(name, nowMs());
      return leftAtMs.size === strangers.length;
    });
    await context.watch(CODE_MS, () => strangers.every(({ session }) => !session || session.isOpen || session.end));
    for (const { name, token, status, session, echoed } of strangers) {
      context.measure('stranger', {
        name,
        status,
        openMs: session
          ? Math.min(session.end?.atMs ?? nowMs(), leftAtMs.get(name) ?? nowMs()) - session.openedAtMs
          : 0,
        ended: leftAtMs.has(name),
        closeCode: session?.end?.closeCode ?? null,
        echoed: echoed(),
        broadcast: seen.has(token),
      });
    }
    context.measure('good', { open: good.isOpen, whole: endedWhole(good, target) });
  },
});

/** One stranger at a gate of its own. */
async function admit(context: ScenarioContext, server: StartedServer, name: Name) {
  const { target } = context;
  const gate = await context.openGate({ name, to: server });
  const token = context.random.token(16);
  const seen = new Set<string>();
  let session: Session | undefined;
  let status: number | null = null;
  // The address of the stream is no credential; what is said once it is there is for those who ask.
  const saysLater = target.subscribe?.in === 'message' && isDuplex(target);
  const address = target.subscribe && (!saysLater || name !== 'silent') ? [target.subscribe] : [];
  const credential = name === 'wrong' && target.badAuth ? [target.badAuth] : [];
  await context.inject(
    badCredentials,
    {
      async open() {
        const opened = await context.openSession({
          name,
          to: gate,
          bare: true,
          slots: [...credential, ...address],
          onMessage: ({ payload }) => tokensSeen(payload, [token], seen),
        });
        if (!('refused' in opened)) session = opened;
        status = 'refused' in opened ? (opened.status ?? null) : takenWith(target);
        return { status };
      },
      leave: () => session?.terminate(),
    },
    { credential: name === 'wrong' ? 'wrong' : 'none' },
    name,
  );
  return { name, token, session, status, echoed: () => seen.has(token) };
}

/** Of an open session. */
function takenWith({ protocol }: Target): number {
  return protocolNamed(protocol).openStatus;
}

/** A stream of events may be over, for a client to come back for the next. */
function endedWhole({ goodbye }: Session, target: Target): boolean {
  return !isDuplex(target) && goodbye !== undefined;
}

/** Then nobody could come without it. */
function isInAddress({ auth, path, server }: Target): boolean {
  const query = `${path} ${server?.url ?? ''}`;
  return auth?.in === 'query' && new RegExp(`[?&]${auth.name.replace(/\W/g, '\\$&')}=`).test(query);
}

/** Which of these tokens the message brings, unless it says no to them. */
function tokensSeen(payload: Buffer, tokens: readonly string[], seen: Set<string>): void {
  const text = payload.toString('latin1');
  if (REFUSAL.test(text)) return;
  for (const token of tokens) if (text.toLowerCase().includes(token)) seen.add(token);
}
