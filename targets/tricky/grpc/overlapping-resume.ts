/** Tricky: asks for its last five messages again with each call, and drops what it has seen before the application sees it. */
import { startClient } from '../../grpc-client';
import { Inbox } from '../../inbox';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'presents a number five messages old and drops the repeats itself',
  fine: ['grpc/no-resume', 'grpc/message-loss', 'grpc/duplicate-delivery', 'grpc/reordering'],
};

if (require.main === module) startClient({ inbox: new Inbox({ overlap: 5 }) });
