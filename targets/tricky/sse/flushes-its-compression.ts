/** Tricky: it compresses the stream itself for who accepts that, and flushes the compressor behind each event. */
import type { IncomingMessage } from 'node:http';
import { constants, createGzip } from 'node:zlib';
import type { TrickyMeta } from '../../program';
import { resilient } from '../../sse-behaviour';
import { startServer } from '../../sse-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'a stream that is compressed with gzip, and flushed after each event',
  fine: ['sse/transformable-stream', 'sse/held-by-proxy', 'sse/cacheable-stream'],
};

const packs = ({ headers }: IncomingMessage) => /\bgzip\b/.test(String(headers['accept-encoding']));

if (require.main === module)
  startServer({
    cors: (request) => ({
      ...resilient.cors(request),
      ...(packs(request) ? { 'content-encoding': 'gzip' } : {}),
    }),
    body: (request, response) => {
      if (!packs(request)) return response;
      const gzip = createGzip({ flush: constants.Z_SYNC_FLUSH });
      gzip.pipe(response);
      return gzip;
    },
  });
