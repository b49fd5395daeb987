/** Flaw: takes the call and says so, and looks at the token 1.5 s later. */
import { Metadata, status } from '@grpc/grpc-js';
import { end, memberToken, resilient, type Stream } from '../../grpc-behaviour';
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';
import { GRPC_LOGIN } from '../../program';

export const trips = 'grpc/auth-window';
export const meta: FlawMeta = { role: 'server', trips, words: GRPC_LOGIN };

/** A second is a second, whatever HOLDFAST_SCALE says: what comes within one is still the answer. */
const LATER_MS = 1_500;
const NO_TOKEN = { code: status.UNAUTHENTICATED, details: 'no token', metadata: new Metadata() };
const isMember = ({ call }: Stream) => ['good', 'brief'].includes(memberToken(call.metadata));
const seen = new WeakSet<Stream>();

if (require.main === module)
  startServer({
    refusal: () => null,
    deliver: (message, to) => {
      const streams = [...to];
      for (const stream of streams.filter((one) => !isMember(one) && !seen.has(one))) {
        seen.add(stream);
        setTimeout(end, LATER_MS, stream, NO_TOKEN);
      }
      resilient.deliver(message, streams.filter(isMember));
    },
  });
