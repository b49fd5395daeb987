import { createWriteStream } from 'node:fs';
import type { Observer } from '../contract.js';
import { HarnessError } from '../errors.js';

/** Of a session that was asked to keep them: each payload once, under the hash by which its events name it. */
export interface Payloads extends AsyncDisposable {
  /** The same observer, which keeps what it sees. */
  keepingBy(observer: Observer): Observer;
}

const MOST_BYTES = 512 * 1024 * 1024;

/** For its owner's eyes alone. */
export async function keepPayloads(path: string): Promise<Payloads> {
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
  await new Promise<void>((resolve, reject) => {
    file.once('open', () => resolve());
    file.once('error', (cause) =>
      reject(new HarnessError('PAYLOADS_UNWRITABLE', `cannot write ${path}: ${cause.message}`, { cause })),
    );
  });
  file.on('error', () => undefined);
  const known = new Set<string>();
  let kept = 0;
  return {
    keepingBy: (observer) => ({
      hash: observer.hash,
      scalar: observer.scalar,
      payload(bytes, isBinary) {
        const facts = observer.payload(bytes, isBinary);
        if (!known.has(facts.hash) && kept + bytes.length <= MOST_BYTES) {
          known.add(facts.hash);
          kept += bytes.length;
          const text = isBinary ? { base64: bytes.toString('base64') } : { text: bytes.toString('utf8') };
          file.write(`${JSON.stringify({ hash: facts.hash, bytes: bytes.length, ...text })}\n`);
        }
        return facts;
      },
    }),
    [Symbol.asyncDispose]: () => new Promise((resolve) => file.end(() => resolve())),
  };
}
