/**
 * Tricky: says what it has to say in one long bidirectional call. What has no answer yet is said again, with the same id, in the next
 * call: some of it arrives twice, and nothing is ever reported as unsent.
 */
import { join } from 'node:path';
import { Client, type ClientDuplexStream, credentials, Metadata, type MethodDefinition } from '@grpc/grpc-js';
import { Feed, type Message, type Note } from '../../feed-service';
import { report, scaledMs, type TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'says again in the next call what had no answer in the last',
  fine: ['grpc/lost-outbound', 'grpc/stale-after-reconnect'],
  words: [
    ...['--method', 'holdfast.feed.v1.Feed/Talk', '--delivery', 'latest'],
    ...['--server', `"${process.execPath}" "${join(__dirname, '../../grpc-server.js')}"`],
  ],
};

const talk = Feed.Talk as MethodDefinition<Note, Message>;

function main(): void {
  const { host } = new URL(process.env.TARGET_URL ?? 'grpc://127.0.0.1:8080');
  const client = new Client(host, credentials.createInsecure(), {
    'grpc.initial_reconnect_backoff_ms': scaledMs(1_000),
  });
  const { path, requestSerialize, responseDeserialize } = talk;
  const waiting = new Map<string, Note>();
  let call: ClientDuplexStream<Note, Message> | undefined;
  let count = 0;

  function follow(): void {
    const metadata = new Metadata({ waitForReady: true });
    const current = client.makeBidiStreamRequest<Note, Message>(path, requestSerialize, responseDeserialize, metadata);
    call = current;
    for (const note of waiting.values()) current.write(note);
    current
      .on('error', () => {})
      .on('data', ({ seq, id }: Message) => {
        if (id) waiting.delete(id);
        if (seq) report('message', { id: seq });
      });
    current.once('status', () => {
      call = undefined;
      setTimeout(follow, scaledMs(500 + 1_000 * Math.random()));
    });
  }

  setInterval(() => {
    const note = { id: `note-${process.pid}-${count++}`, text: 'still here' };
    report('sent', { id: note.id });
    waiting.set(note.id, note);
    call?.write(note);
  }, scaledMs(1_000));
  follow();
}

if (require.main === module) main();
