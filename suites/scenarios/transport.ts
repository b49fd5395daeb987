import { isLoopback, resolveHost } from '../../harness/cli/loopback.js';
import { defineScenario } from '../../harness/define.js';
import { countStreams } from '../../harness/drivers/http2-streams.js';

/** One more than a browser opens to a host under HTTP/1.1. */
const STREAMS = 7;

export default defineScenario({
  id: 'transport',
  about:
    'one session by the URL that was given; over TLS, is HTTP/2 offered, and seven streams on one connection of it?',
  role: 'server',
  lane: 'quiet',
  faults: [],
  windowMs: 6000,
  unless: ({ server }) =>
    server?.url === undefined ? 'needs a URL: a server that Holdfast starts is on loopback' : undefined,
  async run(context) {
    const { target } = context;
    const given = target.server?.url;
    if (given === undefined) return;
    const server = await context.startServer();
    const gate = await context.openGate({ name: 'transport', to: server });
    context.phase('baseline');
    const session = await context.mustOpen({ name: 'transport', to: gate });
    const url = new URL(given);
    const addresses = await resolveHost(url);
    const scheme = url.protocol.slice(0, -1);
    context.measure('transport', {
      scheme,
      loopback: addresses.every(isLoopback),
      altSvc: offersHttp3(session.header('alt-svc')),
    });
    if (scheme !== 'https' || target.protocol !== 'sse') return;
    const { offered, opened, reason } = await countStreams({ to: gate, target, streams: STREAMS });
    context.measure('multiplexed', { offered, asked: STREAMS, opened, reason });
  },
});

/** A browser that was told so speaks HTTP/3 from its next connection on. */
function offersHttp3(altSvc: string | undefined): boolean {
  return /(^|[\s,])h3(-\d+)?=/.test(altSvc ?? '');
}
