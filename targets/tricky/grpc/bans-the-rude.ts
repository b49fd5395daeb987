/** Tricky: whoever presents a token that nobody could have is refused, and so is everybody from that address for a minute. */
import type { Metadata } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { later, resilient } from '../../grpc-behaviour';
import { startServer } from '../../grpc-server';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'after nonsense in the metadata it refuses every call with nonsense for a minute, with ABORTED',
  fine: ['grpc/crash-on-garbage'],
};

const BAN_MS = 60_000;
let bannedUntilMs = 0;

function refusal(path: string, metadata: Metadata) {
  const token = String(metadata.get('authorization')[0] ?? '');
  if (token !== '' && !token.startsWith('Bearer ')) bannedUntilMs = Date.now() + BAN_MS;
  const rude = metadata.get('authorization').length + metadata.get('x-bin').length > 0;
  if (rude && Date.now() < bannedUntilMs) return later(status.ABORTED, 'banned');
  return resilient.refusal(path, metadata);
}

if (require.main === module) startServer({ refusal });
