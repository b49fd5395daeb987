/**
 * Tricky: a server of another make. Bidirectional, with heartbeats both ways; its ids are ULIDs in a header, several entries come in
 * one compressed message, and a replay in a single one; an unknown id is answered with the state and no status.
 */
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import {
  compressionAlgorithms,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { TrickyMeta } from '../../program';

const PROTO = join(__dirname, '../../../../targets/tricky/grpc/journal.proto');
export const JOURNAL = [
  ...['--proto', PROTO, '--method', 'holdfast.journal.v1.Journal/Follow'],
  ...['--subscribe', '{"open":{"room":"kitchen"}}', '--resume', '{"open":{"room":"kitchen","after":"{id}"}}'],
];

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'ULIDs in a header, in compressed batches, a replay in one message, a snapshot for an unknown id',
  fine: ['grpc/no-sequence-id', 'grpc/no-replay', 'grpc/silent-gap', 'grpc/sequence-restart', 'grpc/giant-message'],
  words: JOURNAL,
};

export interface Ask {
  readonly open?: { readonly room: string; readonly after?: string };
  readonly beat?: { readonly at: number };
}

export interface Answer {
  readonly batch?: { readonly entries: readonly Entry[] };
  readonly beat?: { readonly at: number };
  readonly snapshot?: { readonly entries: number };
}

interface Entry {
  readonly header: { readonly id: string; readonly room: string };
  readonly text: string;
}

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const BATCH_MS = 200;
const BATCH = 3;
const BEAT_MS = 500;

export function journalService() {
  const service = loadSync(PROTO, { longs: Number })['holdfast.journal.v1.Journal'];
  return service as unknown as { readonly Follow: MethodDefinition<Ask, Answer> };
}

/** 48 bits of time and 80 of chance: https://github.com/ulid/spec. */
function ulid(): string {
  let time = Date.now();
  let text = '';
  for (let i = 0; i < 10; i++) {
    text = (ALPHABET[time % 32] ?? '') + text;
    time = Math.floor(time / 32);
  }
  for (let i = 0; i < 16; i++) text += ALPHABET[randomInt(32)] ?? '';
  return text;
}

function main(): void {
  const log: Entry[] = [];
  const followers = new Set<ServerDuplexStream<Ask, Answer>>();
  const server = new Server({ 'grpc.default_compression_algorithm': compressionAlgorithms.gzip });
  server.addService(journalService(), {
    Follow(call: ServerDuplexStream<Ask, Answer>) {
      call.on('error', () => {}).on('end', () => call.end());
      call.once('close', () => followers.delete(call));
      call.on('data', ({ open }: Ask) => {
        if (!open) return;
        const at = log.findIndex(({ header }) => header.id === open.after);
        if (open.after && at < 0) call.write({ snapshot: { entries: log.length } });
        else if (open.after && at < log.length - 1) call.write({ batch: { entries: log.slice(at + 1) } });
        followers.add(call);
      });
    },
  });
  const toAll = (answer: Answer) => followers.forEach((call) => void call.write(answer));
  setInterval(() => {
    const entries = Array.from({ length: 1 + randomInt(BATCH) }, (): Entry => {
      return { header: { id: ulid(), room: 'kitchen' }, text: `${20 + randomInt(5)} degrees` };
    });
    log.push(...entries);
    toAll({ batch: { entries } });
  }, BATCH_MS);
  setInterval(() => toAll({ beat: { at: Date.now() } }), BEAT_MS);
  server.bindAsync(`127.0.0.1:${process.env.PORT}`, ServerCredentials.createInsecure(), () => {});
  process.once('SIGTERM', () => process.exit(0));
}

if (require.main === module) main();
