/**
 * Tricky: a client of `ulid-journal.ts` that makes its call anew every 3 s, on the connection that it has: each time with the id of
 * the last entry of its last batch, and with heartbeats of its own between.
 */
import { join } from 'node:path';
import { Client, type ClientDuplexStream, credentials, Metadata } from '@grpc/grpc-js';
import { Inbox } from '../../inbox';
import type { TrickyMeta } from '../../program';
import { type Answer, type Ask, JOURNAL, journalService } from './ulid-journal';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'calls again on the same connection with ULIDs out of batches',
  fine: ['grpc/no-resume', 'grpc/message-loss', 'grpc/duplicate-delivery', 'grpc/reordering'],
  words: [...JOURNAL, '--server', `"${process.execPath}" "${join(__dirname, 'ulid-journal.js')}"`],
};

const CALL_MS = 3_000;
const BEAT_MS = 700;

function main(): void {
  const { host } = new URL(process.env.TARGET_URL ?? 'grpc://127.0.0.1:8080');
  const client = new Client(host, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = journalService().Follow;
  const metadata = new Metadata({ waitForReady: true });
  const inbox = new Inbox();
  let current: ClientDuplexStream<Ask, Answer> | undefined;

  function follow(): void {
    const call = client.makeBidiStreamRequest<Ask, Answer>(path, requestSerialize, responseDeserialize, metadata);
    current = call;
    const { cursor } = inbox;
    call.write({ open: { room: 'kitchen', ...(cursor === undefined ? {} : { after: String(cursor) }) } });
    const beats = setInterval(() => call.write({ beat: { at: Date.now() } }), BEAT_MS);
    const over = setTimeout(() => call.cancel(), CALL_MS);
    call
      .on('error', () => {})
      .on('data', ({ batch }: Answer) => {
        if (call !== current) return;
        for (const { header } of batch?.entries ?? []) inbox.take('{}', header.id);
      });
    call.once('status', () => {
      clearInterval(beats);
      clearTimeout(over);
      setTimeout(follow, 100 + 500 * Math.random());
    });
  }
  follow();
}

if (require.main === module) main();
