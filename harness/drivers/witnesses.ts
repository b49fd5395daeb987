import { every, nowMs } from '../clock.js';
import type { ScenarioContext, Session } from '../scenario.js';
import type { StartedServer } from '../target/server.js';
import { payloadOf, tokensIn } from './workload.js';

const BEAT_MS = 5000;
const SIGN_MS = 2000;

/** By what a stream is seen to go on: messages of the server's own, an answer to ours, a pong, or only that it stays open. */
export type Sign = 'push' | 'echo' | 'ping' | 'open';

/**
 * Clients that nobody disturbs, from 127.0.0.1 (CHECKLIST rule 23): what happens to them while others misbehave is the
 * server's doing. Several, so that each worker of a server has one.
 */
export class Witnesses {
  private readonly openedAtMs = nowMs();

  private constructor(
    private readonly context: ScenarioContext,
    private readonly server: StartedServer,
    private readonly sessions: readonly Session[],
    readonly sign: Sign,
  ) {}

  /** What they can be seen by is tried out at once: a session that answers nothing proves nothing later. */
  static async open(context: ScenarioContext, server: StartedServer, count: number): Promise<Witnesses> {
    const sessions = await openAll(context, server, count, 'witness');
    context.defer(every(context.ms(BEAT_MS), () => beat(sessions)));
    const { push, echo, form } = context.workload;
    const signs: readonly Sign[] = [
      ...(push ? ['push' as const] : []),
      ...(echo && form !== 'none' ? ['echo' as const] : []),
      'ping',
    ];
    for (const sign of signs) {
      const tried = new Witnesses(context, server, sessions, sign);
      if ((await tried.goOn(SIGN_MS)) === count) return tried;
    }
    return new Witnesses(context, server, sessions, 'open');
  }

  get count(): number {
    return this.sessions.length;
  }

  get open(): number {
    return this.sessions.filter(({ isOpen }) => isOpen).length;
  }

  /** How many streams show within `windowMs` that they go on. */
  async goOn(windowMs: number): Promise<number> {
    const living = this.sessions.filter(({ isOpen }) => isOpen);
    const signs = living.map((session) => this.signOf(session, windowMs));
    const seen = new Set<number>();
    await this.context.watch(windowMs, () => {
      for (const [index, sign] of signs.entries()) if (sign()) seen.add(index);
      return seen.size === living.length;
    });
    return seen.size;
  }

  private signOf(session: Session, windowMs: number): () => boolean {
    if (this.sign === 'open') return () => session.isOpen;
    if (this.sign === 'push') {
      const before = session.received;
      return () => session.received > before;
    }
    const token = this.context.random.token(16);
    let answered = false;
    if (this.sign === 'ping') {
      void session.ping(Buffer.from(token), windowMs).then((tookMs) => {
        answered = tookMs !== undefined;
      });
    } else {
      session.onMessage(({ payload }) => {
        answered ||= tokensIn(payload).includes(token);
      });
      const { form } = this.context.workload;
      session.send(payloadOf(form === 'text' ? 'text' : 'json', token, 128));
    }
    return () => answered;
  }

  /** Where some were ended: does the server end its sessions after this time also when nobody disturbs them? */
  async endAnyway(): Promise<boolean> {
    const livedMs = nowMs() - this.openedAtMs;
    const calm = await openAll(this.context, this.server, 2, 'control');
    using beating = every(this.context.ms(BEAT_MS), () => beat(calm));
    void beating;
    return (await this.context.watch(livedMs, () => calm.some(({ isOpen }) => !isOpen))) === true;
  }
}

/** A legal sign of life: nobody is cut for being silent. */
function beat(sessions: readonly Session[]): void {
  for (const session of sessions) session.pong();
}

async function openAll(
  context: ScenarioContext,
  server: StartedServer,
  count: number,
  name: string,
): Promise<Session[]> {
  const sessions: Session[] = [];
  for (let i = 1; i <= count; i++) {
    sessions.push(await context.mustOpen({ name: `${name}-${i}`, to: server, silent: true }));
  }
  return sessions;
}
