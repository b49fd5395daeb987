/** Tricky: does not listen for cancellations: it takes who is gone off its list every 4 s, and until then works for them. */
import { startServer } from '../../grpc-server';
import { scaledMs, type TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'takes cancelled calls off its list only every 4 s',
  fine: ['grpc/ignored-cancel'],
};

const SWEEP_MS = 4_000;

if (require.main === module) startServer({ left: (forget) => void setTimeout(forget, scaledMs(SWEEP_MS)) });
