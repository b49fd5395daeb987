/** What PRESSURE=1 makes of the gRPC client beside its feed: an uploader of 4 MB/s in one call of Feed/Publish. */
import { randomBytes } from 'node:crypto';
import type { Client, ClientWritableStream } from '@grpc/grpc-js';
import { type Note, publish } from './feed-service';
import { scaledMs } from './program';

/** Called every 16 ms with 64 KiB to send; a load is no timer that HOLDFAST_SCALE makes faster. */
export type Upload = (call: ClientWritableStream<Note>, note: Note) => void;

const AGAIN_MS = 1_000;

export function startUpload(client: Client, upload: Upload): void {
  const { path, requestSerialize, responseDeserialize } = publish;
  const call = client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, () => {
    clearInterval(sending);
    setTimeout(startUpload, scaledMs(AGAIN_MS), client, upload);
  });
  const note = () => ({ id: '', text: randomBytes(48 * 1024).toString('base64') });
  const sending = setInterval(() => call.writable && upload(call, note()), 16);
}
