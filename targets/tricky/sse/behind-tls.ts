/** Tricky: TLS with a certificate that nobody signed, which `--insecure` takes: encrypted all the same, and HTTP/2 as well as HTTP/1.1. */
import type { TrickyMeta } from '../../program';
import { startServer } from '../../sse-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'HTTP/2 over TLS, with a certificate of its own making',
  fine: ['sse/insecure-transport', 'sse/six-connections'],
  at: 'https',
  words: ['--i-own-this-target', '--insecure'],
};

if (require.main === module) startServer();
