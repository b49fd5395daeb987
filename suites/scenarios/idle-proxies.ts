import idleCut from '../../faults/idle-cut.js';
import idleForget from '../../faults/idle-forget.js';
import { nowMs } from '../../harness/clock.js';
import type { Gate, Target } from '../../harness/contract.js';
import { defineScenario } from '../../harness/define.js';
import { messageOf } from '../../harness/errors.js';
import { type FoundProxy, findProxy, noProxy, PROXIES, type ProxyKind } from '../../harness/path/find-proxy.js';
import { PROFILES, type ProfileName } from '../../harness/path/proxy-profiles.js';
import { startProxy } from '../../harness/path/real-proxy.js';
import { isDuplex, isSecure, protocolNamed } from '../../harness/protocol.js';
import type { Address, ScenarioContext, Session } from '../../harness/scenario.js';

/** 60 s first: a server that takes few sessions of one client is to have those (nginx 60 s, Cloudflare 100 s). */
const IDLE_S = [60, 30, 100];
/** Up to this one a proxy has time to act in two intervals. */
const TWICE_S = 60;
const MARGIN_S = 5;
/** Longer than any window. */
const NEVER_MS = 2 ** 30;
/** A head that is not there by then comes with the first event. */
const HEAD_MS = 500;
const ANSWER_MS = 10_000;

interface Path {
  readonly by: ProxyKind | 'gate';
  readonly idleS: number;
  readonly conn: number;
  readonly opening: Opening;
}

/** A session that is opened, or still waits for the head of its answer: some send it with the first event only. */
interface Opening {
  readonly askedAtMs: number;
  session: Session | undefined;
  refusedAtMs: number | undefined;
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
    const silent = context.defer(await startReference({ base: 1, pingMs: NEVER_MS, pushMs: NEVER_MS }, target));
    const secure = isSecure(target.server?.url);
    const found: FoundProxy[] = [];
    for (const kind of PROXIES) {
      const by = secure ? undefined : await findProxy(kind, options.engine);
      if (by) found.push(by);
      else context.obstacle('NO_PROXY', secure ? `${kind} is not put before TLS` : noProxy(kind));
    }
    context.phase('fault');
    const startMs = nowMs();
    const idle = options.idleS === undefined ? IDLE_S : [options.idleS];
    const paths: Path[] = [];
    for (const idleS of idle) {
      for (const by of found) paths.push(...(await throughProxy(context, { by, idleS, server, silent })));
      paths.push(...(await throughGate(context, idleS, server, silent)));
    }
    const windowS = Math.max(...idle.map((idleS) => (idleS <= TWICE_S ? 2 : 1) * idleS)) + MARGIN_S;
    await context.watch(context.ms(windowS * 1000));
    for (const { by, idleS, conn, opening } of paths) {
      const { session, askedAtMs, refusedAtMs } = opening;
      context.measure('idle path', {
        by,
        idleS,
        who: `${by}-${idleS}`,
        conn,
        open: session?.isOpen ?? false,
        forMs: (session?.end?.atMs ?? refusedAtMs ?? nowMs()) - (session?.openedAtMs ?? askedAtMs),
        watchedMs: nowMs() - startMs,
      });
    }
  },
});

/** Asks for a session, and waits until it is open or refused, or until the server has been asked and answers nothing. */
async function ask(context: ScenarioContext, name: string, to: Address, gate: Gate): Promise<Opening> {
  const opening: Opening = { askedAtMs: nowMs(), session: undefined, refusedAtMs: undefined };
  const waits = isDuplex(context.target) ? {} : { openTimeoutMs: NEVER_MS };
  const before = gate.accepted;
  void context.openSession({ name, to, ...waits }).then((opened) => {
    if ('refused' in opened) opening.refusedAtMs = nowMs();
    else opening.session = opened;
  });
  const settled = () => opening.session !== undefined || opening.refusedAtMs !== undefined;
  const silent = () => gate.accepted > before && nowMs() - opening.askedAtMs > HEAD_MS;
  await context.watch(ANSWER_MS, () => settled() || silent());
  return opening;
}

async function throughProxy(
  context: ScenarioContext,
  { by, idleS, server, silent }: { by: FoundProxy; idleS: number } & Record<'server' | 'silent', Address>,
): Promise<Path[]> {
  const who = `${by.kind}-${idleS}`;
  const protocol = protocolNamed(context.target.protocol);
  const gate = await context.openGate({ name: who, to: server });
  let opening: Opening | undefined;
  const start = async (idleMs: number) => {
    const settings = {
      ...PROFILES[profileFor(context.target)],
      readTimeoutMs: idleMs,
    };
    const routes = [gate, silent].map((to) => ({ to: { host: to.host, port: to.port }, settings }));
    const proxy = await startProxy({ by, name: who, routes, record: context.record });
    const { host } = proxy;
    const [port = 0, control = 0] = proxy.ports;
    opening = await ask(context, who, { host, port }, gate);
    return {
      silent: context.defer(await protocol.openSilent({ host, port: control })),
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
  return opening === undefined || opening.refusedAtMs !== undefined
    ? []
    : [{ by: by.kind, idleS, conn: gate.accepted, opening }];
}

function profileFor(target: Target): ProfileName {
  if (target.protocol === 'grpc') return 'nginx-article-grpc';
  return isDuplex(target) ? 'nginx-article-websocket' : 'nginx-article-sse';
}

async function throughGate(context: ScenarioContext, idleS: number, server: Address, silent: Address): Promise<Path[]> {
  const who = `gate-${idleS}`;
  const gate = await context.openGate({ name: who, to: silent });
  context.defer(await protocolNamed(context.target.protocol).openSilent(gate));
  gate.setUpstream(server.host, server.port);
  const opening = await ask(context, who, gate, gate);
  await context.inject(idleForget, gate, { idleMs: context.ms(idleS * 1000) }, who);
  return opening.refusedAtMs === undefined ? [{ by: 'gate', idleS, conn: gate.accepted, opening }] : [];
}
