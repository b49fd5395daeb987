/** Tricky: TLS with a certificate that nobody signed, which `--insecure` takes: encrypted all the same. */
import { connect } from 'node:net';
import { createServer } from 'node:tls';
import { selfSigned } from '../../../harness/path/certificates';
import { startServer } from '../../grpc-server';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'TLS with a certificate of its own making',
  fine: ['grpc/insecure-transport'],
  at: 'grpcs',
  words: ['--i-own-this-target', '--insecure'],
};

const { HOST = '127.0.0.1', PORT = '8443' } = process.env;
const INSIDE = '127.0.0.1';

if (require.main === module) {
  const { certPem, keyPem } = selfSigned([HOST], { from: -1, to: 30 });
  startServer({}, { host: INSIDE, port: Number(PORT) });
  createServer({ cert: certPem, key: keyPem, ALPNProtocols: ['h2'] }, (outer) => {
    const inner = connect(Number(PORT), INSIDE);
    outer.pipe(inner).pipe(outer);
    outer.on('error', () => inner.destroy()).on('close', () => inner.destroy());
    inner.on('error', () => outer.destroy()).on('close', () => outer.destroy());
  }).listen(Number(PORT), HOST);
}
