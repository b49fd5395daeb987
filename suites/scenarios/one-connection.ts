import unreadStream from '../../faults/unread-stream.js';
import { every, nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import type { Call } from '../../harness/drivers/grpc-call.js';
import { GrpcPeer } from '../../harness/drivers/grpc-peer.js';
import { payloadOf } from '../../harness/drivers/workload.js';
import { longestGap } from '../../harness/numbers.js';
import type { ScenarioContext } from '../../harness/scenario.js';
import type { StartedServer } from '../../harness/target/server.js';

const SETTLE_MS = 10_000;
/** CHECKLIST, stream-limit. */
const STREAMS = 150;
/** Twice what is allowed: who is late is told from who never comes. */
const ANSWER_MS = 10_000;
/** One before it and one behind: a loop over streams stops at the one that it waits for. */
const SIBLINGS = 2;
/** Under pressure a server may end whoever this machine is too slow to read for: that tells nothing of the unread one. */
const ATTEMPTS = 3;
const RATE_MS = 1000;
/** A small window is used up by a server that sends little, too; the least there may be is one message. */
const [LEAST_WINDOW_BYTES, MOST_WINDOW_BYTES] = [1024, 65_535];
const UNREAD_MS = 10_000;
/** Beyond what libraries take before they hold a writer up: grpc-go 64 KiB. */
const WITHHELD_BYTES = 512 * 1024;
const WATCHED_MS = 5000;
const SEND_EVERY_MS = 10;
const SEND_BYTES = 4096;

export default defineScenario({
  id: 'one-connection',
  about: '150 streams on as few connections as the server allows; one unread stream among others on one connection',
  role: 'server',
  lane: 'busy',
  ownServer: true,
  faults: ['unread-stream'],
  windowMs: 14_000,
  async run(context) {
    context.phase('baseline');
    await openMany(context);
    const server = await context.startServer({ env: context.target.server?.pressureEnv ?? {} });
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const told = await leaveOneUnread(context, server);
      if ((told.ended === 0 && !told.witnessEnded) || !told.connected || attempt === ATTEMPTS)
        return context.measure('siblings', told);
    }
  },
});

/** What a client does that heeds SETTINGS_MAX_CONCURRENT_STREAMS: the rest goes to a further connection. */
async function openMany(context: ScenarioContext): Promise<void> {
  const server = await context.startServer();
  const control = await peerOf(context, server);
  const text = echoed(context);
  const open = (peer: GrpcPeer): Call => {
    const call = peer.ask();
    if (context.workload.echo) peer.say(call, text);
    return call;
  };
  const first = open(control);
  const startedMs = nowMs();
  await context.watch(ANSWER_MS, () => isTold(first));
  const controlMs = isTold(first) ? nowMs() - startedMs : null;
  const calls: Call[] = [];
  const peers: GrpcPeer[] = [];
  const startMs = nowMs();
  while (calls.length < STREAMS && peers.length < STREAMS) {
    const peer = await peerOf(context, server);
    peers.push(peer);
    const count = Math.min(peer.limit, STREAMS - calls.length);
    for (let n = 0; n < count; n++) calls.push(open(peer));
    // None on one is none on any.
    if (count === 0) break;
  }
  const askedMs = nowMs();
  await context.watch(ANSWER_MS, () => calls.every(isTold));
  const failed = calls.filter(({ end }) => end && end.status !== 0);
  context.measure('streams', {
    asked: calls.length,
    limit: Math.min(control.limit, 1_000_000),
    connections: peers.length,
    begun: calls.filter((call) => isTold(call) && !failed.includes(call)).length,
    refused: failed.length,
    silent: calls.filter((call) => !isTold(call)).length,
    tookMs: Math.round(nowMs() - askedMs),
    openingMs: Math.round(askedMs - startMs),
    controlMs: controlMs === null ? null : Math.round(controlMs),
    controlEnded: first.end !== undefined,
  });
  await Promise.all([control, ...peers].map((peer) => peer[Symbol.asyncDispose]()));
  await server.stop();
}

/** What a server that answers is asked; not as long as a token, so that it is nobody's. */
function echoed({ workload }: ScenarioContext): string {
  return payloadOf(workload.form === 'text' ? 'text' : 'json', 'p'.repeat(15), SEND_BYTES);
}

const isTold = ({ head, end }: Call) => head !== undefined || end !== undefined;

async function peerOf(context: ScenarioContext, server: StartedServer, streamWindowBytes?: number): Promise<GrpcPeer> {
  const peer = context.defer(
    new GrpcPeer(context.target, server, streamWindowBytes === undefined ? {} : { streamWindowBytes }),
  );
  await context.watch(SETTLE_MS, () => peer.connection.settled);
  return peer;
}

/** A call and when its messages came. */
class Follower {
  readonly times: number[] = [];
  bytes = 0;
  readonly call: Call;
  constructor(private readonly peer: GrpcPeer) {
    this.call = peer.ask({
      onMessage: (message, atMs) => {
        this.times.push(atMs);
        this.bytes += message.length;
      },
    });
  }
  say(text: string): void {
    if (this.call.stream.writableLength < MOST_WINDOW_BYTES) this.peer.say(this.call, text);
  }
  longestGapMs(fromMs: number, toMs: number): number {
    return longestGap([...this.times.filter((at) => at > fromMs), toMs].map((at) => at - fromMs));
  }
}

async function leaveOneUnread(context: ScenarioContext, server: StartedServer) {
  const other = await peerOf(context, server);
  const witness = new Follower(other);
  const text = echoed(context);
  const followers = [witness];
  using asking = every(SEND_EVERY_MS, () => {
    if (context.workload.echo) for (const follower of followers) follower.say(text);
  });
  void asking;
  await context.watch(UNREAD_MS, () => witness.bytes > 0);
  const [rateMs, before] = [nowMs(), witness.bytes];
  await context.watch(RATE_MS);
  const bytesPerS = ((witness.bytes - before) * 1000) / (nowMs() - rateMs);
  const baselineGapMs = witness.longestGapMs(rateMs, nowMs());
  const windowBytes = Math.round(Math.min(MOST_WINDOW_BYTES, Math.max(LEAST_WINDOW_BYTES, bytesPerS)));
  const peer = await peerOf(context, server, windowBytes);
  const early = new Follower(peer);
  const unread = new Follower(peer);
  const siblings = [early, ...Array.from({ length: Math.min(SIBLINGS, peer.limit - 1) - 1 }, () => new Follower(peer))];
  followers.push(unread, ...siblings);
  await context.watch(UNREAD_MS, () => followers.every(({ bytes }) => bytes > 0));
  context.phase('fault');
  const startMs = nowMs();
  const marks = siblings.map(({ bytes }) => bytes);
  await context.inject(unreadStream, unread.call, {});
  const withheld = () => Math.max(...siblings.map(({ bytes }, i) => bytes - (marks[i] ?? 0))) - windowBytes;
  await context.watch(UNREAD_MS, () => withheld() > WITHHELD_BYTES);
  await context.watch(WATCHED_MS);
  const endMs = nowMs();
  const told = {
    siblings: siblings.length,
    windowBytes,
    withheldBytes: Math.round(withheld()),
    baselineGapMs: Math.round(baselineGapMs),
    longestGapMs: Math.round(Math.max(...siblings.map((one) => one.longestGapMs(startMs, endMs)))),
    witnessGapMs: Math.round(witness.longestGapMs(startMs, endMs)),
    ended: siblings.filter(({ call }) => call.end).length,
    witnessEnded: witness.call.end !== undefined,
    connected: peer.connection.closedAtMs === undefined,
    unreadEnded: unread.call.end !== undefined,
  };
  await Promise.all([peer, other].map((one) => one[Symbol.asyncDispose]()));
  return told;
}
