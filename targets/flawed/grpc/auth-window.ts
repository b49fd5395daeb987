/** Flaw: takes the call and says so, and looks at the token 3 s later. */
import { Metadata, status } from '@grpc/grpc-js';
import { end, memberToken, resilient, type Stream } from '../../grpc-behaviour';
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';
import { GRPC_LOGIN, scaledMs } from '../../program';

export const trips = 'grpc/auth-window';
export const meta: FlawMeta = { role: 'server', trips, words: GRPC_LOGIN };

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
        setTimeout(end, scaledMs(3_000) + 1_500, stream, NO_TOKEN);
      }
      resilient.deliver(message, streams.filter(isMember));
    },
  });
