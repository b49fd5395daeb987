/** Flaw: adds its handler again with each call, and so handles each message once for every call that it ever made. */
import { startClient } from '../../grpc-client';
import { resilient } from '../../grpc-client-behaviour';
import { Inbox } from '../../inbox';
import { type FlawMeta, report } from '../../program';

export const trips = 'grpc/duplicate-delivery';
export const meta: FlawMeta = { role: 'client', trips };

let handlers = 1;

function tell(id: number | string): void {
  for (let i = 0; i < handlers; i++) report('message', { id });
}

if (require.main === module)
  startClient({
    inbox: new Inbox({ tell }),
    delayMs: (failures, ended) => {
      handlers += 1;
      return resilient.delayMs(failures, ended);
    },
  });
