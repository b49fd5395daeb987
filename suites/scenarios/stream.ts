import latency from '../../faults/latency.js';
import reset from '../../faults/reset.js';
import { defineScenario } from '../../harness/define.js';
import { fillSlot, isRefetch } from '../../harness/drivers/resume.js';
import { unknownId } from './unknown-id.js';
import { present, watchStream } from './watched-stream.js';

/** What is under way when the link is cut is lost: a cut without latency would be kinder than any real one. */
const LATENCY_MS = 80;
const LATE_MS = 3000;
const MISSED = 50;
const OUTAGE_MS = 30_000;
const CATCH_UP_MS = 15_000;
/** A good id that is not the one of before: what differs between two good answers says nothing. */
const RECENT = 10;

export default defineScenario({
  id: 'stream',
  about:
    'two sessions watch the messages; one is cut, misses 50 and comes back with its last id; others with an old and an unknown one',
  role: 'server',
  lane: 'quiet',
  faults: ['latency', 'reset'],
  windowMs: 36_000,
  async run(context) {
    const { target, workload } = context;
    if (!workload.push && !workload.broadcast) {
      return context.obstacle('NO_STREAM', 'the server sends nothing of its own to a client that only listens');
    }
    const server = await context.startServer();
    const path = await context.openToxicPath({ name: 'victim', to: server });
    const victims = path.near;
    const stream = await watchStream(context, server, victims);
    const { victim, witness } = stream;

    const resumable = target.resume !== undefined || victim.cursor !== undefined;
    if (!resumable || target.resume?.in === 'none') return;
    context.phase('fault', 'latency');
    await context.inject(latency, path, { latencyMs: LATENCY_MS, jitterMs: LATENCY_MS / 2, bothWays: false });
    await context.watch(context.ms(LATE_MS));
    context.phase('fault', 'cut');
    await context.inject(reset, [victims], {});
    await victim.ended(2000);
    const { field, others } = stream.find();
    // Where a subprotocol remembers the place, a server numbers nothing for the client to present.
    const { cursor } = target.resume === undefined ? victim : { cursor: undefined };
    // The last message that has an id: a heartbeat may have come after it.
    const known = field ? stream.ids('victim', field) : [];
    const [oldest, last] = [known[0], known.at(-1)];
    if (!field || !oldest || !last) {
      return context.obstacle('NO_ID', 'no id was found in the messages to resume from; name it with --sequence');
    }
    const { key, group } = last;
    context.measure('presented', {
      pointer: field.pointer,
      by: field.by ?? null,
      group,
      key,
      others: others.join(', '),
    });
    const before = witness.received;
    await context.watch(context.ms(OUTAGE_MS), () => witness.received >= before + MISSED);
    context.phase('recovery');
    const slots = [
      ...(target.auth ? [target.auth] : []),
      ...(target.resume === undefined ? [] : [fillSlot(target.resume, last.text)]),
    ];
    const again = await context.openSession({
      name: 'resumed',
      to: victims,
      slots,
      bare: target.resume?.in === 'message' && !isRefetch(target.resume),
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
    again.terminate();

    // What a subprotocol remembers by itself is no id that could be made up.
    if (target.resume === undefined) return;
    context.phase('recovery', 'cursors');
    const recent =
      stream
        .ids('witness', field)
        .filter((id) => id.group === group)
        .at(-RECENT) ?? last;
    await present(context, { name: 'recent', to: server, id: recent, witness });
    await present(context, { name: 'oldest', to: server, id: oldest, witness });
    const unknown = { text: unknownId(last.text, context.random), key: '', group };
    await present(context, { name: 'unknown', to: server, id: unknown, witness });
  },
});
