import { after, nowMs } from '../clock.js';
import type { Gate, GateConnection } from '../contract.js';
import { heartbeatHashes } from '../heartbeats.js';
import type { ScenarioContext } from '../scenario.js';
import type { StartedServer } from '../target/server.js';
import { hasKeepaliveTimer } from '../target/sockets.js';
import type { Task } from './subjects.js';

/** What lets go of a dead link has done so by then (CHECKLIST rule 11). */
const HELD_MS = 90_500;
const GONE_MARGIN_MS = 15_000;

/** By what heartbeats and plain messages are told apart in a history that holds no words. */
export function noteWords(context: ScenarioContext): void {
  const words = heartbeatHashes((text) => context.observer.hash(text));
  context.measure('heartbeat words', Object.fromEntries([...words].map((hash, index) => [index, hash])));
  context.measure('event names', { message: context.observer.hash('message') });
}

/**
 * What only a look at the moment itself can tell: whether a connection that is still held hangs on a keepalive timer of the
 * kernel's, and when a server that was told to leave is gone.
 */
export class Witness {
  private readonly waiting = new Map<string, Disposable>();

  constructor(
    private readonly context: ScenarioContext,
    private readonly gate: Gate,
    private readonly server: () => StartedServer,
  ) {}

  begun({ fault, chosen, who }: Pick<Task, 'fault' | 'chosen' | 'who'>): void {
    const { subject, instant } = fault.byHand;
    if (subject === 'connections')
      this.waiting.set(who, this.context.defer(after(HELD_MS, () => this.lookAtHeld(chosen))));
    // An interrupt ends the waiting.
    if (subject === 'server' && instant) this.awaitEnd().catch(() => undefined);
  }

  over(who: string): void {
    this.waiting.get(who)?.[Symbol.dispose]();
    this.waiting.delete(who);
  }

  private lookAtHeld(chosen: readonly GateConnection[]): void {
    const server = this.server();
    if (!server.onLoopback) return;
    for (const one of chosen.filter(({ ended }) => !ended)) {
      this.context.measure('held', {
        conn: one.id,
        serverKeepalive: hasKeepaliveTimer(server.port, one.upstreamPort) === true,
        clientKeepalive: hasKeepaliveTimer(one.clientPort, this.gate.port) === true,
      });
    }
  }

  private async awaitEnd(): Promise<void> {
    const { context } = this;
    const server = this.server();
    const startMs = nowMs();
    const limitMs = (context.target.server?.graceMs ?? 60_000) + GONE_MARGIN_MS;
    const end = await server.gone(limitMs, context.signal);
    if (!end) return context.measure('stayed', { watchedMs: nowMs() - startMs });
    // The exit code comes a moment after the port has gone.
    await context.watch(1000, () => server.process?.exit);
    const exit = server.process?.exit;
    context.measure('gone', {
      exitMs: end.atMs - startMs,
      ownChild: server.ownChild,
      exitCode: exit?.code ?? null,
      signal: exit?.signal ?? null,
    });
  }
}
