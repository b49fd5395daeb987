/** Tricky: watches over no silence itself: TCP keepalive, set to 20 s, tells it that its link is dead. */
import { connect, type TcpNetConnectOpts } from 'node:net';
import { scaledMs, type TrickyMeta } from '../../program';
import { startClient } from '../../sse-client';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'leaves a dead link to TCP keepalive',
  fine: ['sse/silent-disconnect'],
};

/** Node sends ten probes, a second apart, once the link has been idle for so long. */
const createConnection = (options: object) =>
  connect({ ...(options as TcpNetConnectOpts), keepAlive: true, keepAliveInitialDelay: scaledMs(20_000) });

if (require.main === module)
  startClient({ silenceMs: null, connection: () => ({ agent: undefined, createConnection }) });
