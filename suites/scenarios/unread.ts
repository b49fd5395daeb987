import unreadStream from '../../faults/unread-stream.js';
import { defineScenario } from '../../harness/define.js';
import { isGrpcSession } from '../../harness/drivers/grpc.js';
import { pressTwo } from './pressure.js';

/** The same push as of `pressure`, held back by the window of a stream and not by TCP. */
export default defineScenario({
  id: 'unread',
  about: 'streams that nobody reads on connections that are read, under a push, beside a copy where all are read',
  role: 'server',
  lane: 'busy',
  ownServer: true,
  faults: ['unread-stream'],
  windowMs: 40_000,
  run: (context) =>
    pressTwo(context, async ({ pressers }) => {
      for (const presser of pressers) if (isGrpcSession(presser)) await context.inject(unreadStream, presser.call, {});
    }),
});
