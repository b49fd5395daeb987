import errorPage from '../../faults/error-page.js';
import reset from '../../faults/reset.js';
import { nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import { type Middlebox, openMiddlebox, type Passage } from '../../harness/path/middlebox.js';
import { PROFILES } from '../../harness/path/proxy-profiles.js';
import { isSecure } from '../../harness/protocol.js';
import type { Address, ScenarioContext } from '../../harness/scenario.js';

const ARRIVE_MS = 60_000;
const BASELINE_MS = 5000;
/** For the page to be read, and to be told of. */
const REACT_MS = 2000;
/** How long an edge shows its page to whoever comes. */
const PAGES_MS = 10_000;
const BACK_MS = 60_000;
/** A stream that lives this long after the return is one. */
const STAYS_MS = 1000;
/** Cloudflare's own status for a server that answers too late; a hotel's login page has 200. */
const TRIALS = [
  { trial: 'mid-stream', where: 'mid-stream', status: 524 },
  { trial: 'instead', where: 'instead', status: 524 },
  { trial: 'portal', where: 'instead', status: 200 },
] as const;
type Trial = (typeof TRIALS)[number];

/**
 * Each page on a client process of its own, side by side.
 *
 *   client -> gate -> an edge like Cloudflare's (ours) -> server
 */
export default defineScenario({
  id: 'error-pages',
  about: 'an edge puts an HTML page into the stream, and in place of it: does it reach the application, is it back?',
  role: 'client',
  lane: 'quiet',
  faults: ['error-page', 'reset'],
  windowMs: 6000 + BASELINE_MS + PAGES_MS + 20_000,
  unless: ({ server }) =>
    isSecure(server?.url) ? 'needs a server without TLS: the edge before it must read HTTP' : undefined,
  async run(context) {
    const upstream = context.target.server ? await context.startServer() : await context.startReference();
    const one = (trial: Trial) => watchOne(context, upstream, trial);
    // A client with a port of its own leaves no room for a second one.
    if (context.target.client?.listen === undefined) await Promise.all(TRIALS.map(one));
    else for (const trial of TRIALS) await one(trial);
  },
});

async function watchOne(context: ScenarioContext, upstream: Address, { trial, where, status }: Trial): Promise<void> {
  const edge = context.defer(
    await openMiddlebox({ upstream, settings: { ...PROFILES.cloudflare, readTimeoutMs: 2 ** 30 } }),
  );
  await using gate = await context.openGate({ name: trial, to: edge });
  const told: { readonly withId: boolean }[] = [];
  await using client = await context.startClient({
    name: trial,
    gate,
    onReport: ({ event, id }) => {
      if (event === 'message') told.push({ withId: id !== undefined });
    },
  });
  const exit = () => client.process.exit;
  await context.watch(ARRIVE_MS, () => streams(edge, 0) || exit());
  context.phase('baseline', trial);
  await context.watch(context.ms(BASELINE_MS));
  // Whose login by POST takes long holds none yet.
  if (streams(edge, 0) === undefined || exit())
    return context.obstacle('BASELINE', `the client held no stream for 5 s on a healthy path (${trial})`);
  const before = told.length;
  const numbered = before > 0 && told.every(({ withId }) => withId);
  context.phase('fault', trial);
  const pages = await context.inject(errorPage, edge, { where, status }, trial);
  if (where === 'instead') await context.inject(reset, [gate], {});
  await context.watch(REACT_MS);
  const taken = told.slice(before).filter(({ withId }) => numbered && !withId).length;
  const printed = client.process.stdoutTail.filter((line) => isMessage(line) && /<html/i.test(line)).length;
  if (where === 'instead') await context.watch(context.ms(PAGES_MS) - REACT_MS, () => exit());
  await pages.heal();
  const healedMs = nowMs();
  context.phase('recovery', trial);
  const sinceMs = where === 'instead' ? healedMs : (edge.passages.find(({ page }) => page)?.cutAtMs ?? healedMs);
  let back: number | undefined;
  await context.watch(context.ms(BACK_MS), async () => {
    back = streams(edge, sinceMs);
    if (back !== undefined) await context.watch(STAYS_MS);
    return exit() ?? back;
  });
  context.measure('page', {
    trial,
    reports: before > 0,
    taken: Math.max(taken, printed),
    reconnectMs: back === undefined ? null : Math.max(0, back - sinceMs),
    exited: exit() !== undefined,
    exit: exit()?.code ?? exit()?.signal ?? null,
  });
}

/** When a stream began that goes through since then, and had something in it. */
function streams({ passages }: Middlebox, sinceMs: number): number | undefined {
  const isStream = ({ eventStream, page, outBytes }: Passage) => eventStream && page === undefined && outBytes > 0;
  return passages.find((passage) => passage.atMs >= sinceMs && isStream(passage))?.atMs;
}

function isMessage(line: string): boolean {
  return /^\s*\{\s*"event"\s*:\s*"message"/.test(line);
}
