/**
 * Tricky: reads messages by itself, drops what is none and what is flagged as compressed, and never ends a call for it; comes back on a
 * new connection each time.
 */
import { connect } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Message, subscribe } from '../../feed-service';
import { report, scaledMs, type TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'drops what it cannot read, and reads on in the same call',
  fine: ['grpc/bad-message-kills-client'],
};

const HEAD_BYTES = 5;
const QUIET_MS = 30_000;

function readerOf(): (chunk: Buffer) => void {
  let held = Buffer.alloc(0);
  return (chunk) => {
    held = Buffer.concat([held, chunk]);
    for (;;) {
      const whole = HEAD_BYTES + (held.length < HEAD_BYTES ? Number.POSITIVE_INFINITY : held.readUInt32BE(1));
      if (held.length < whole) return;
      take(held.subarray(HEAD_BYTES, whole), held[0] === 1);
      held = held.subarray(whole);
    }
  };
}

function take(bytes: Buffer, compressed: boolean): void {
  try {
    const { seq }: Message = subscribe.responseDeserialize(bytes);
    if (!compressed && seq) report('message', { id: seq });
  } catch {
    report('error');
  }
}

async function follow(host: string): Promise<void> {
  const session = connect(`http://${host}`).on('error', () => {});
  const call = session.request({
    ':method': 'POST',
    ':path': subscribe.path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  call.on('data', readerOf()).on('error', () => {});
  call.end(Buffer.alloc(HEAD_BYTES));
  call.setTimeout(scaledMs(QUIET_MS), () => session.destroy());
  await new Promise((resolve) => call.once('close', resolve));
  session.destroy();
}

async function main(): Promise<void> {
  const { host } = new URL(process.env.TARGET_URL ?? 'grpc://127.0.0.1:8080');
  for (let failures = 0; ; failures++) {
    const openedAtMs = Date.now();
    await follow(host);
    if (Date.now() - openedAtMs > scaledMs(5_000)) failures = 0;
    await sleep(scaledMs(Math.min(30_000, 1_000 * 1.6 ** failures) * (0.5 + Math.random())));
  }
}

if (require.main === module) void main();
