/** Flaw: adds its handler again at each return, and so handles each event once for every connection that it ever had. */
import { Inbox } from '../../inbox';
import { type FlawMeta, report } from '../../program';
import { startClient } from '../../sse-client';

export const trips = 'sse/duplicate-delivery';
export const meta: FlawMeta = { role: 'client', trips };

let handlers = 0;

function tell(id: number | string): void {
  for (let i = 0; i < handlers; i++) report('message', { id });
}

function presents(lastEventId: string): string {
  // Once for each that it comes back with.
  handlers += handlers === 0 || lastEventId !== '' ? 1 : 0;
  return lastEventId;
}

if (require.main === module) startClient({ presents, inbox: new Inbox({ tell }) });
