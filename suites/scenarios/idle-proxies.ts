import idleCut from '../../faults/idle-cut.js';
import idleForget from '../../faults/idle-forget.js';
import { nowMs } from '../../harness/clock.js';
import { defineScenario } from '../../harness/define.js';
import { messageOf } from '../../harness/errors.js';
import { PROFILES } from '../../harness/path/proxy-profiles.js';
import { findProxy, PROXIES, type ProxyKind, startProxy } from '../../harness/path/real-proxy.js';
import { isSecure, protocolNamed } from '../../harness/protocol.js';
import type { Address, ScenarioContext, Session } from '../../harness/scenario.js';

/** 60 s first: a server that takes few sessions of one client is to have those (nginx 60 s, Cloudflare 100 s). */
const IDLE_S = [60, 30, 100];
/** Up to this one a proxy has time to act in two intervals. */
const TWICE_S = 60;
const MARGIN_S = 5;
/** Longer than any window. */
const NEVER_MS = 2 ** 30;

interface Path {
  readonly by: ProxyKind | 'gate';
  readonly idleS: number;
  readonly conn: number;
  readonly session: Session;
}

/**
 * Sessions that say nothing, each through a proxy with an idle timeout; beside each one to a silent server of ours, which
 * has to be cut: the bite.
 *
 *   session -> nginx | HAProxy -> gate -> server        session -> gate (forgets) -> server
 *   control -> the same proxy  -> silent server         control -> the same gate  -> silent server
 */
export default defineScenario({
  id: 'idle-proxies',
  about:
    'idle sessions through nginx, HAProxy and a hop that forgets: do they live through idle timeouts of 30, 60, 100 s?',
  role: 'server',
  lane: 'quiet',
  faults: ['idle-cut', 'idle-forget'],
  windowMs: (2 * TWICE_S + MARGIN_S + 3) * 1000,
  async run(context) {
    const { target, options } = context;
    const server = await context.startServer({ env: target.server?.quietEnv ?? {} });
    const { startReference } = protocolNamed(target.protocol);
    const silent = context.defer(await startReference({ base: 1, pingMs: NEVER_MS, pushMs: NEVER_MS }));
    const secure = isSecure(target.server?.url);
    const programs = PROXIES.flatMap((kind) => {
      const program = secure ? undefined : findProxy(kind);
      if (program === undefined)
        context.obstacle('NO_PROXY', secure ? `${kind} is not put before TLS` : `there is no ${kind} on this machine`);
      return program === undefined ? [] : [{ kind, program }];
    });
    context.phase('fault');
    const startMs = nowMs();
    const idle = options.idleS === undefined ? IDLE_S : [options.idleS];
    const paths: Path[] = [];
    for (const idleS of idle) {
      for (const one of programs) paths.push(...(await throughProxy(context, { ...one, idleS, server, silent })));
      paths.push(...(await throughGate(context, idleS, server, silent)));
    }
    const windowS = Math.max(...idle.map((idleS) => (idleS <= TWICE_S ? 2 : 1) * idleS)) + MARGIN_S;
    await context.watch(context.ms(windowS * 1000));
    for (const { by, idleS, conn, session } of paths) {
      context.measure('idle path', {
        by,
        idleS,
        who: `${by}-${idleS}`,
        conn,
        open: session.isOpen,
        forMs: (session.end?.atMs ?? nowMs()) - session.openedAtMs,
        watchedMs: nowMs() - startMs,
      });
    }
  },
});

async function throughProxy(
  context: ScenarioContext,
  {
    kind,
    program,
    idleS,
    server,
    silent,
  }: { kind: ProxyKind; program: string; idleS: number } & Record<'server' | 'silent', Address>,
): Promise<Path[]> {
  const who = `${kind}-${idleS}`;
  const protocol = protocolNamed(context.target.protocol);
  const gate = await context.openGate({ name: who, to: server });
  let session: Session | undefined;
  const start = async (idleMs: number) => {
    const settings = {
      ...PROFILES[protocol.duplex ? 'nginx-article-websocket' : 'nginx-article-sse'],
      readTimeoutMs: idleMs,
    };
    const routes = [gate, silent].map((to) => ({ to: { host: to.host, port: to.port }, settings }));
    const proxy = await startProxy({ kind, program, name: who, routes, record: context.record });
    const [port = 0, control = 0] = proxy.ports;
    const opened = await context.openSession({ name: who, to: { host: '127.0.0.1', port } });
    if (!('refused' in opened)) session = opened;
    return {
      silent: context.defer(await protocol.openSilent({ host: '127.0.0.1', port: control })),
      stop: async () => proxy[Symbol.asyncDispose](),
    };
  };
  try {
    await context.inject(idleCut, { start }, { idleMs: context.ms(idleS * 1000) }, who);
  } catch (error) {
    // The others still tell.
    context.obstacle('NO_PROXY', messageOf(error));
    return [];
  }
  return session ? [{ by: kind, idleS, conn: gate.accepted, session }] : [];
}

async function throughGate(context: ScenarioContext, idleS: number, server: Address, silent: Address): Promise<Path[]> {
  const who = `gate-${idleS}`;
  const gate = await context.openGate({ name: who, to: silent });
  context.defer(await protocolNamed(context.target.protocol).openSilent(gate));
  gate.setUpstream(server.host, server.port);
  const session = await context.openSession({ name: who, to: gate });
  await context.inject(idleForget, gate, { idleMs: context.ms(idleS * 1000) }, who);
  return 'refused' in session ? [] : [{ by: 'gate', idleS, conn: gate.accepted, session }];
}
