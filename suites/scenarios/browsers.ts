import type { CallPattern } from '../../harness/contract.js';
import { defineScenario } from '../../harness/define.js';
import { askAsBrowser, type BrowserForm, type HttpVersion } from '../../harness/drivers/browser-call.js';
import { fieldsOf } from '../../harness/drivers/grpc-request.js';
import { slotsOf } from '../../harness/drivers/request.js';
import { isInfrastructure, type Method, methodOf, servicesOf } from '../../harness/grpc-services.js';
import type { ScenarioContext } from '../../harness/scenario.js';

const FORMS: readonly BrowserForm[] = ['grpc-web', 'connect'];
const VERSIONS: readonly HttpVersion[] = ['1.1', '2'];
/** Half a protobuf field: what cannot be decoded is answered, and no method of a stranger's is executed. */
const MALFORMED = Buffer.from([0xff]);

export default defineScenario({
  id: 'browsers',
  about:
    "the target's methods asked for as a page's script would: by gRPC-Web and by Connect, over HTTP/1.1 and HTTP/2",
  role: 'server',
  lane: 'quiet',
  faults: [],
  windowMs: 6000,
  async run(context) {
    const { target } = context;
    const server = await context.startServer();
    const gate = await context.openGate({ name: 'browsers', to: server, tap: false });
    context.phase('baseline');
    for (const pattern of ['unary', 'server-streaming'] as const) {
      const method = methodFor(context, pattern);
      if (!method) {
        context.measure('no method', { pattern });
        continue;
      }
      const named = method === methodOf(target);
      const message = named ? method.request.encode(fieldsOf(slotsOf({}, target), method)) : MALFORMED;
      const ask = { to: gate, target, rpc: method.rpc, streams: pattern === 'server-streaming', message };
      const asked = FORMS.flatMap((form) =>
        VERSIONS.map(async (http) => {
          const answer = await askAsBrowser({ ...ask, form, http });
          context.measure('asked', { pattern, named, form, http, ...answer });
        }),
      );
      await Promise.all(asked);
    }
  },
});

/** The target's own, or another of its service. */
function methodFor({ target }: ScenarioContext, pattern: CallPattern): Method | undefined {
  const own = methodOf(target);
  if (own.pattern === pattern) return own;
  const service = own.rpc.slice(0, own.rpc.lastIndexOf('/') + 1);
  const all = [...servicesOf(target).values()].filter((one) => one.pattern === pattern && !isInfrastructure(one.rpc));
  return all.find(({ rpc }) => rpc.startsWith(service)) ?? all[0];
}
