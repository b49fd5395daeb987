/** Flaw: its TLS offers HTTP/1.1 alone. */
import { selfSigned } from '../../../harness/path/certificates';
import type { FlawMeta } from '../../program';
import { startServer } from '../../sse-server';

export const trips = 'sse/six-connections';
export const meta: FlawMeta = { role: 'server', trips, words: ['--i-own-this-target', '--insecure'], at: 'https' };

const { HOST = '127.0.0.1' } = process.env;

if (require.main === module) startServer({ http2: false }, undefined, selfSigned([HOST], { from: -1, to: 30 }));
