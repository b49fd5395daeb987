/** Tricky: a client of `ulid-batches.ts`: ids in no order that subtraction knows, several a message, in deflated fragments. */
import { join } from 'node:path';
import { Inbox } from '../../inbox';
import type { TrickyMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'ULIDs, in batches, in fragments, resumed by the last of a batch',
  fine: ['websocket/no-resume', 'websocket/message-loss', 'websocket/duplicate-delivery', 'websocket/reordering'],
  words: ['--server', `"${process.execPath}" "${join(__dirname, 'ulid-batches.js')}"`, '--sequence', 'id'],
};

class BatchInbox extends Inbox {
  override take(text: string): boolean {
    const events: unknown = JSON.parse(text);
    const batch = Array.isArray(events) ? events.map(({ payload }) => ({ seq: payload.id })) : [];
    return super.take(JSON.stringify({ batch }));
  }
}

if (require.main === module) startClient({ inbox: new BatchInbox() });
