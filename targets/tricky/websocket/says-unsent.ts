/** Tricky: sends nothing again, and says of each message that got no answer that it is unsent; some of those had arrived. */
import { Outbox } from '../../outbox';
import type { TrickyMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'gives up what was not answered, and says so',
  fine: ['websocket/lost-outbound'],
};

if (require.main === module) startClient({ outbox: new Outbox('reported') });
