/** Who is not let in is answered before a handler hears of the call; who is can be ended, whatever the handler does. */
import { ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';
import { OURS } from './feed-service';
import { type Behaviour, later } from './grpc-behaviour';
import type { OpenByAddress } from './limits';

type Calls = Set<{ readonly end: () => void }>;

export interface Admission {
  readonly behaviour: Pick<Behaviour, 'refusal' | 'lookUpMs' | 'queues' | 'sessionLimit'>;
  readonly open: OpenByAddress;
  readonly isDraining: () => boolean;
  /** All that are not over, those of health and reflection too, which are let in at any time. */
  readonly calls: Calls;
}

export function admission({ behaviour, open, isDraining, calls }: Admission): ServerInterceptor {
  return ({ path }, call) => {
    const refuse = (why: string, code = status.UNAVAILABLE) => call.sendStatus(later(code, why));
    const mine = { end: () => refuse('shutting down') };
    return new ServerInterceptingCall(call, {
      start: (next) => {
        calls.add(mine);
        next({
          onReceiveMetadata: (metadata, go) => {
            if (!path.startsWith(OURS)) return go(metadata);
            if (isDraining()) return refuse('shutting down');
            const decide = () => {
              const refusal = behaviour.refusal(path, metadata);
              if (refusal !== null) return call.sendStatus(refusal);
              if (open.of(addressOf(call)) >= behaviour.sessionLimit)
                return refuse('too many streams', status.RESOURCE_EXHAUSTED);
              const take = () => go(metadata);
              behaviour.queues(take, () => refuse('busy'));
            };
            if (behaviour.lookUpMs > 0) setTimeout(decide, behaviour.lookUpMs);
            else decide();
          },
          // Said of every call that is over.
          onCancel: () => calls.delete(mine),
        });
      },
    });
  };
}

/** `127.0.0.1:50134`, without the port. */
export function addressOf(call: { getPeer(): string }): string {
  return call.getPeer().replace(/:\d+$/, '');
}
