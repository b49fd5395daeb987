import reset from '../../faults/reset.js';
import upgradeBlock from '../../faults/upgrade-block.js';
import { nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import { openUpgradeBlock, type UpgradeBlock, type UpgradeMode } from '../../harness/path/upgrade-block.js';
import type { ScenarioContext, Session } from '../../harness/scenario.js';
import type { StartedServer } from '../../harness/target/server.js';

const ARRIVE_MS = 60_000;
const BASELINE_MS = 10_000;
/** From the first request that was blocked until messages come again: 30 s, and a little to see it pass. */
const PATIENCE_MS = 32_000;
/** A client that found its way must be seen to stay on it: one answer is no stream. */
const MESSAGES = 3;
/** Shorter texts are found in anything. */
const LEAST_TEXT = 12;
const KEPT = 200;

/** Each way of blocking on a client process of its own, side by side. */
export default defineScenario({
  id: 'fallback',
  about: 'requests to upgrade are blocked in five ways; do messages come by another transport?',
  role: 'client',
  lane: 'quiet',
  faults: ['upgrade-block', 'reset'],
  windowMs: 6000 + BASELINE_MS + PATIENCE_MS,
  unless: ({ client, server }) => {
    if (!server) return 'needs --server: the other transport is the server’s own';
    if (server.url?.startsWith('wss:')) return 'needs a server without TLS: the proxy that blocks must read HTTP';
    return client?.listen === undefined
      ? undefined
      : 'needs a client that takes its address ({url} or TARGET_URL): five copies run side by side';
  },
  async run(context) {
    if (!context.workload.push)
      return context.obstacle('NO_STREAM', 'the server sends no messages of its own, which could come another way');
    const server = await context.startServer();
    const witness = await context.mustOpen({ name: 'witness', to: server, silent: true });
    const modes = ['refused', 'stripped', 'reset', 'unanswered', 'mute'] as const;
    await Promise.all(modes.map((mode) => watchOne(context, server, witness, mode)));
  },
});

async function watchOne(
  context: ScenarioContext,
  server: StartedServer,
  witness: Session,
  mode: Exclude<UpgradeMode, 'open'>,
): Promise<void> {
  const block = context.defer(await openUpgradeBlock(server));
  const gate = await context.openGate({ name: `blocked-${mode}`, to: block });
  const client = await context.startClient({ name: mode, gate });
  await context.watch(ARRIVE_MS, () => gate.live.some(({ downBytes }) => downBytes > 0));
  context.phase('baseline', mode);
  await context.watch(context.ms(BASELINE_MS));
  const healthy = block.passages.some(({ upgrade }) => upgrade);
  if (!healthy || client.process.exit !== undefined)
    return context.obstacle('BASELINE', `the client did not open a WebSocket in 10 s on a healthy path (${mode})`);

  const arrivals = arrivalsOf(block, witness);
  const before = block.passages.length;
  context.phase('fault', mode);
  const blocked = await context.inject(upgradeBlock, block, { mode }, mode);
  await context.inject(reset, [gate], {});
  const since = () => block.passages.slice(before);
  const first = await context.watch(ARRIVE_MS, () => since().find((passage) => passage.blocked));
  const found = () => (first ? arrivals.messages.filter((atMs) => atMs > first.atMs) : []);
  await context.watch(context.ms(PATIENCE_MS), () => found().length >= MESSAGES || client.process.exit !== undefined);
  const foundAtMs = found().length >= MESSAGES ? found()[0] : undefined;
  const other = since().find(({ upgrade }) => !upgrade);
  const startMs = first?.atMs ?? nowMs();
  context.measure('fallback', {
    mode,
    blocked: since().filter((passage) => passage.blocked).length,
    /** From the first blocked request to another one that is none; at once where that came first. */
    stepMs: other ? Math.max(0, other.atMs - startMs) : null,
    fallbackMs: foundAtMs === undefined ? null : foundAtMs - startMs,
    transports: ['websocket', ...new Set(since().flatMap(nameOf))].join(', '),
    pieces: arrivals.pieces.filter((atMs) => atMs > startMs).length,
    exited: client.process.exit !== undefined,
  });
  await blocked.heal();
}

/** When something came in an answer's body, and when that was a message which the witness got too, earlier or later. */
function arrivalsOf(block: UpgradeBlock, witness: Session) {
  const messages: number[] = [];
  const pieces: number[] = [];
  const texts: string[][] = [];
  const bodies: { readonly text: string; readonly atMs: number }[] = [];
  witness.onMessage(({ payload }) => {
    const text = payload.toString('utf8');
    if (text.length < LEAST_TEXT) return;
    // As it is, or as a string in a frame of the transport's own.
    const forms = [text, JSON.stringify(text).slice(1, -1)];
    keep(texts, forms);
    messages.push(...bodies.filter((body) => holds(body.text, forms)).map(({ atMs }) => atMs));
  });
  block.onBody((text, atMs) => {
    pieces.push(atMs);
    keep(bodies, { text, atMs });
    messages.push(...texts.filter((forms) => holds(text, forms)).map(() => atMs));
  });
  return { messages, pieces };
}

function holds(body: string, forms: readonly string[]): boolean {
  return forms.some((form) => body.includes(form));
}

function keep<T>(list: T[], item: T): void {
  if (list.push(item) > KEPT) list.shift();
}

function nameOf({ upgrade, eventStream }: { readonly upgrade: boolean; readonly eventStream: boolean }): string[] {
  if (upgrade) return [];
  return [eventStream ? 'event stream' : 'http'];
}
