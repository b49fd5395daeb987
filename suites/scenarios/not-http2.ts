import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import notHttp2 from '../../faults/not-http2.js';
import reset from '../../faults/reset.js';
import { nowMs } from '../../harness/clock.js';
import type { EventBody } from '../../harness/contract.js';
import { defineScenario } from '../../harness/define.js';
import { GateCalls, heldAt } from '../../harness/gate-calls.js';
import { findProxy, noProxy } from '../../harness/path/find-proxy.js';
import { startPageServer } from '../../harness/path/page-server.js';
import { PROFILES } from '../../harness/path/proxy-profiles.js';
import { startProxy } from '../../harness/path/real-proxy.js';
import type { Address, ScenarioContext } from '../../harness/scenario.js';
import { startHolding } from './held-sessions.js';

const PAGE = '<html><head><title>Welcome</title></head><body><h1>Welcome</h1></body></html>\n';
/** Attempts are counted in any 10 s of it. */
const COUNT_MS = 12_000;
/** For its first attempt, and for the one that shows that it has not stopped. */
const PATIENCE_MS = 60_000;
const RETURN_MS = 60_000;

/** One hop after another that cannot pass gRPC on, in the server's place; between them the client comes back to the server. */
export default defineScenario({
  id: 'not-http2',
  about:
    'a page with status 200, nginx without http2, and nginx with a plain proxy_pass answer the calls of the client: what does it make of it?',
  role: 'client',
  lane: 'quiet',
  faults: ['not-http2', 'reset'],
  windowMs: 6000 + 10_000 + 3 * (COUNT_MS + 3000),
  async run(context) {
    const upstream = context.target.server ? await context.startServer() : await context.startReference();
    const calls = new GateCalls();
    let [attempts, status]: [number, number | undefined] = [0, undefined];
    const onEvent = (event: EventBody, atMs: number) => {
      const made = calls.all.length;
      calls.take(event, atMs);
      if (calls.all.length > made || (event.type === 'connection' && event.what === 'start')) attempts += 1;
      if (
        event.type === 'handshake' &&
        event.dir === 'down' &&
        !event.opens &&
        !('grpc-status' in (event.fields ?? {}))
      )
        status ??= event.status;
    };
    const gate = await context.openGate({ name: 'victim', to: upstream, onEvent });
    const [client] = (await startHolding(context, [gate])) ?? [];
    if (!client) return;
    const gone = () => client.process.exit !== undefined;
    const page = context.defer(await startPageServer(200, PAGE));
    for (const [kind, hop] of [['page', page] as const, ...(await behindNginx(context))]) {
      const isHeld = () => heldAt(calls.all, nowMs()).length > 0;
      if (!(await context.watch(context.ms(RETURN_MS), () => isHeld() || gone())) || gone()) return;
      status = undefined;
      context.phase('fault', kind);
      const subject = { gate, home: upstream, hop, status: () => status };
      await using fault = await context.inject(notHttp2, subject, { kind });
      await context.inject(reset, [gate], {});
      await context.watch(context.ms(PATIENCE_MS), () => status !== undefined || gone());
      const [atMs, before] = [nowMs(), attempts];
      await context.watch(context.ms(COUNT_MS), gone);
      await context.watch(context.ms(PATIENCE_MS), () => attempts > before || gone());
      context.phase('recovery', kind);
      context.measure('answered', { kind, again: attempts > before, watchedMs: nowMs() - atMs, exited: gone() });
      await fault.heal();
      await context.inject(reset, [gate], {});
    }
  },
});

/** nginx, once without http2, and once with it and a proxy_pass to a server of gRPC, which takes no HTTP/1.1. */
async function behindNginx(context: ScenarioContext): Promise<(readonly [kind: string, hop: Address])[]> {
  const { record, options } = context;
  const by = await findProxy('nginx', options.engine);
  if (by === undefined) {
    context.obstacle('NO_PROXY', noProxy('nginx'));
    return [];
  }
  // RFC 9113, 3.4: "Clients and servers MUST treat an invalid connection preface as a connection error".
  const hangsUp = createServer((socket) => {
    socket.on('error', () => {}).once('data', () => socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(hangsUp, 'listening');
  context.defer({ [Symbol.dispose]: () => void hangsUp.close() });
  const to = { host: '127.0.0.1', port: (hangsUp.address() as AddressInfo).port };
  const routes = [PROFILES['nginx-default'], PROFILES['nginx-http2']].map((settings) => ({ to, settings }));
  const { host, ports } = context.defer(await startProxy({ by, name: 'nginx', routes, record }));
  return ['http/1.1', 'proxy_pass'].map((kind, i) => [kind, { host, port: ports[i] ?? 0 }] as const);
}
