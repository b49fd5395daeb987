import { nowMs } from '../clock.js';
import { isDuplex } from '../protocol.js';
import type { ScenarioContext } from '../scenario.js';
import type { StartedServer } from '../target/server.js';

const OPEN_MS = 2000;
const AGAIN_MS = 250;
/** Orderly refusals of a server that has enough to do (CHECKLIST rule 23). */
const ORDERLY = [429, 503];

export interface Served {
  /** Since the first attempt. */
  readonly tookMs: number;
  /** Was told in an orderly way to come later. */
  readonly refused: boolean;
}

/** A server that always has something to say has served nobody who has not heard of it. */
export function answersAtOnce({ workload }: ScenarioContext): boolean {
  return workload.push || workload.pattern === 'unary';
}

/** Somebody new comes, again and again until served; undefined where nobody was within `windowMs`. */
export async function newcomer(
  context: ScenarioContext,
  server: StartedServer,
  windowMs: number,
  { mayRefuse }: { readonly mayRefuse: boolean },
): Promise<Served | undefined> {
  const startMs = nowMs();
  // The head of a stream of events may come with the first of them.
  const openTimeoutMs = isDuplex(context.target) ? OPEN_MS : windowMs;
  while (nowMs() - startMs < windowMs && !context.signal.aborted) {
    const session = await context.openSession({
      name: 'newcomer',
      to: server,
      silent: true,
      openTimeoutMs,
      answered: answersAtOnce(context),
    });
    const tookMs = Math.round(nowMs() - startMs);
    if (!('refused' in session)) {
      session.terminate();
      return { tookMs, refused: false };
    }
    if (mayRefuse && session.status !== undefined && ORDERLY.includes(session.status)) {
      return { tookMs, refused: true };
    }
    await context.watch(AGAIN_MS);
  }
  return undefined;
}
