import latency from '../../faults/latency.js';
import reset from '../../faults/reset.js';
import { every } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import { fillSlot } from '../../harness/drivers/resume.js';
import { payloadOf } from '../../harness/drivers/workload.js';
import { idsAt, rawId } from '../../harness/id-field.js';
import type { ReceivedMessage, Session } from '../../harness/scenario.js';
import { countable, heartbeatHashes, type Seen, streamOf } from '../../harness/sequence.js';

/** At least 50 are needed (CHECKLIST rule 8). */
const WANTED = 60;
const BASELINE_MS = 70_000;
const DRIVE_MS = 50;
/** The second session joins late, so that a counter a connection is told from an id. */
const HEAD_START = 8;
/** What is under way when the link is cut is lost: a cut without latency would be kinder than any real one. */
const LATENCY_MS = 80;
const LATE_MS = 3000;
const MISSED = 50;
const OUTAGE_MS = 30_000;
const CATCH_UP_MS = 15_000;

export default defineScenario({
  id: 'stream',
  about: 'two sessions watch the messages; one is cut, misses 50 and comes back with its last id',
  role: 'server',
  lane: 'quiet',
  faults: ['latency', 'reset'],
  windowMs: 30_000,
  async run(context) {
    const { target, workload, observer } = context;
    if (!workload.push && !workload.broadcast) {
      return context.obstacle('NO_STREAM', 'the server sends nothing of its own to a client that only listens');
    }
    const server = await context.startServer();
    const path = await context.openToxicPath({ name: 'victim', to: server });
    const victims = path.near;
    const witnesses = await context.openGate({ name: 'witness', to: server });
    const seen: Seen[] = [];
    const shown: Seen[] = [];
    const own = new Set<string>();
    const factsOf = ({ payload, binary, atMs }: ReceivedMessage): Seen => ({
      ...observer.payload(payload, binary),
      t: atMs,
    });
    const recent: Buffer[] = [];
    const keep = (message: ReceivedMessage) => {
      recent.unshift(message.payload);
      recent.length = Math.min(recent.length, 20);
      seen.push(factsOf(message));
    };
    const victim = await context.mustOpen({ name: 'victim', to: victims, onMessage: keep, resumable: true });
    const heartbeats = heartbeatHashes((text) => observer.hash(text));
    context.measure('heartbeat words', Object.fromEntries([...heartbeats].map((hash, index) => [index, hash])));
    context.phase('baseline');
    if (!workload.push)
      await drive(
        await context.mustOpen({ name: 'sender', to: await context.openGate({ name: 'sender', to: server }) }),
      );
    await context.watch(context.ms(5000), () => victim.received >= HEAD_START);
    const witness = await context.mustOpen({
      name: 'witness',
      to: witnesses,
      onMessage: (message) => shown.push(factsOf(message)),
    });
    await context.watch(context.ms(BASELINE_MS), () => victim.received >= WANTED && witness.received >= WANTED);
    context.measure('watched', { victim: victim.received, witness: witness.received });

    const resumable = target.resume !== undefined || victim.cursor !== undefined;
    if (!resumable || target.resume?.in === 'none') return;
    context.phase('fault', 'latency');
    await context.inject(latency, path, { latencyMs: LATENCY_MS, jitterMs: LATENCY_MS / 2, bothWays: false });
    await context.watch(context.ms(LATE_MS));
    context.phase('fault', 'cut');
    await context.inject(reset, [victims], {});
    await victim.ended(2000);
    const { field, others } = streamOf(countable(seen, heartbeats), {
      declared: target.sequence,
      resume: target.resume,
      other: countable(shown, heartbeats),
      own,
    });
    // Where a subprotocol remembers the place, a server numbers nothing for the client to present.
    const { cursor } = target.resume === undefined ? victim : { cursor: undefined };
    // The last message that has an id: a heartbeat may have come after it.
    const last = recent.find((payload) => field && rawId(payload, field) !== undefined);
    const lastId = field && last && rawId(last, field);
    if (!field || !last || lastId === undefined) {
      return context.obstacle('NO_ID', 'no id was found in the messages to resume from; name it with --sequence');
    }
    const presented = idsAt(observer.payload(last, false).fields, field).at(-1);
    context.measure('presented', {
      pointer: field.pointer,
      by: field.by ?? null,
      group: presented?.group ?? '',
      key: presented?.key ?? '',
      others: others.join(', '),
    });
    const before = witness.received;
    await context.watch(context.ms(OUTAGE_MS), () => witness.received >= before + MISSED);
    context.phase('recovery');
    const slots = [
      ...(target.auth ? [target.auth] : []),
      ...(target.resume === undefined ? [] : [fillSlot(target.resume, lastId)]),
    ];
    const again = await context.openSession({
      name: 'resumed',
      to: victims,
      slots,
      bare: target.resume?.in === 'message',
      resumable: true,
      ...(cursor === undefined ? {} : { cursor }),
    });
    if ('refused' in again) return;
    const joined = witness.received;
    // Back in step with the witness, with live messages after the replay.
    await context.watch(
      context.ms(CATCH_UP_MS),
      () => witness.received >= joined + 20 && again.received >= MISSED + 10,
    );
    await context.watch(context.ms(1000));

    async function drive(sender: Session): Promise<void> {
      const form = workload.form === 'text' ? 'text' : 'json';
      context.defer(
        every(DRIVE_MS, () => {
          const token = context.random.token(16);
          own.add(`s${observer.hash(token)}`);
          sender.send(payloadOf(form, token, 128));
        }),
      );
    }
  },
});
