import { every } from '../../harness/clock.js';
import type { Gate } from '../../harness/contract.js';
import { fillSlot } from '../../harness/drivers/resume.js';
import { payloadOf } from '../../harness/drivers/workload.js';
import { countable, heartbeatHashes } from '../../harness/heartbeats.js';
import { type IdField, idsAt, rawId } from '../../harness/id-field.js';
import { factsOfMessage } from '../../harness/path/event-stream.js';
import type { Address, ReceivedMessage, ScenarioContext, Session } from '../../harness/scenario.js';
import { type Seen, type Stream, streamOf } from '../../harness/sequence.js';

/** At least 50 are needed (CHECKLIST rule 8). */
const WANTED = 60;
const BASELINE_MS = 70_000;
const DRIVE_MS = 50;
/** The second session joins late, so that a counter a connection is told from an id. */
const HEAD_START = 8;
const KEPT = 40;
const CURSOR_MS = 6000;

/** Two sessions of one server, and what they have seen. */
export interface WatchedStream {
  readonly victim: Session;
  readonly witness: Session;
  /** Where ids stand, from what came up to now. */
  find(): Stream;
  /** Ids as a client would present them, oldest first: the first and the newest of a session. */
  ids(of: 'victim' | 'witness', field: IdField): readonly Presented[];
}

export interface Presented {
  readonly text: string;
  readonly key: string;
  readonly group: string;
}

/** Watches until both sessions have had enough messages. Where the server sends none of its own, a third one makes them. */
export async function watchStream(context: ScenarioContext, server: Address, victims: Gate): Promise<WatchedStream> {
  const { target, workload, observer } = context;
  const inboxes = { victim: new Inbox(context), witness: new Inbox(context) };
  const own = new Set<string>();
  const heartbeats = heartbeatHashes((text) => observer.hash(text));
  context.measure('heartbeat words', Object.fromEntries([...heartbeats].map((hash, index) => [index, hash])));
  const victim = await context.mustOpen({
    name: 'victim',
    to: victims,
    onMessage: inboxes.victim.keep,
    resumable: true,
  });
  context.phase('baseline');
  if (!workload.push) await drive(context, server, own);
  await context.watch(context.ms(5000), () => victim.received >= HEAD_START);
  const witnesses = await context.openGate({ name: 'witness', to: server });
  const witness = await context.mustOpen({ name: 'witness', to: witnesses, onMessage: inboxes.witness.keep });
  // Heartbeats do not count.
  const enough = ({ seen }: Inbox) => seen.length >= WANTED && countable(seen, heartbeats).length >= WANTED;
  await context.watch(context.ms(BASELINE_MS), () => enough(inboxes.victim) && enough(inboxes.witness));
  context.measure('watched', { victim: victim.received, witness: witness.received });
  return {
    victim,
    witness,
    find: () =>
      streamOf(countable(inboxes.victim.seen, heartbeats), {
        declared: target.sequence,
        resume: target.resume,
        other: countable(inboxes.witness.seen, heartbeats),
        own,
      }),
    ids: (of, field) => inboxes[of].ids(field),
  };
}

/** A session of ours that makes the messages of a server which has none of its own. */
export async function drive(
  context: ScenarioContext,
  server: Address,
  own = new Set<string>(),
  name = 'sender',
): Promise<void> {
  const gate = await context.openGate({ name, to: server });
  const sender = await context.mustOpen({ name, to: gate });
  const form = context.workload.form === 'text' ? 'text' : 'json';
  context.defer(
    every(DRIVE_MS, () => {
      const token = context.random.token(16);
      own.add(`s${context.observer.hash(token)}`);
      sender.send(payloadOf(form, token, 128));
    }),
  );
}

/** Comes back with an id, through a gate of its own, for as long as it takes to see what the server makes of it. */
export async function present(
  context: ScenarioContext,
  asked: { readonly name: string; readonly to: Address; readonly id: Presented; readonly witness?: Session },
): Promise<void> {
  const { name, to, id, witness } = asked;
  const { resume, auth } = context.target;
  if (resume === undefined) return;
  context.measure('cursor', { name, key: id.key, group: id.group });
  const gate = await context.openGate({ name, to });
  const session = await context.openSession({
    name,
    to: gate,
    slots: [...(auth ? [auth] : []), fillSlot(resume, id.text)],
    bare: resume.in === 'message',
  });
  if ('refused' in session) return;
  const joined = witness?.received ?? 0;
  // Live messages after the replay: what an unknown id is answered with comes before them.
  const live = () => (witness ? witness.received >= joined + 8 : session.received >= 8);
  await context.watch(CURSOR_MS, () => !session.isOpen || (live() && session.received >= 3));
  context.measure('answered', { name, ended: !session.isOpen });
  session.close(1000);
  await session.ended(1000);
}

class Inbox {
  readonly seen: Seen[] = [];
  private readonly first: ReceivedMessage[] = [];
  private readonly newest: ReceivedMessage[] = [];

  constructor(private readonly context: ScenarioContext) {}

  readonly keep = (message: ReceivedMessage): void => {
    this.seen.push({ ...factsOfMessage(message, this.context.observer), t: message.atMs });
    if (this.first.length < KEPT) this.first.push(message);
    else if (this.newest.push(message) > KEPT) this.newest.shift();
  };

  ids(field: IdField): Presented[] {
    return [...this.first, ...this.newest].flatMap((message) => {
      const text = rawId(message, field);
      const id = idsAt(factsOfMessage(message, this.context.observer).fields, field).at(-1);
      return text === undefined || id === undefined ? [] : [{ text, key: id.key, group: id.group }];
    });
  }
}
