/** Tricky: asks for its last five messages again at each return, and drops what it has seen before the application sees it. */
import { Inbox } from '../../inbox';
import type { TrickyMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'presents an id five messages old and drops the repeats itself',
  fine: ['websocket/no-resume', 'websocket/message-loss', 'websocket/duplicate-delivery', 'websocket/reordering'],
};

if (require.main === module) startClient({ inbox: new Inbox({ overlap: 5 }) });
