import { defineCheck } from '../../harness/define.js';
import { MIB } from '../../harness/numbers.js';
import { judgeMemory, pressureStory } from './pressure-evidence.js';

export default defineCheck({
  id: 'unbounded-buffer',
  protocols: ['websocket', 'sse', 'grpc'],
  level: 'MUST',
  antiPattern: null,
  role: 'server',
  scenario: 'pressure',
  title: 'MUST keep its memory bounded for a client that reads too slowly',
  why: "What a slow client does not read stays in the server, message by message, until the process is killed for its memory: one phone in a lift ends everybody's session.",
  fix: 'Look at the outgoing buffer before each send (ws: bufferedAmount; Node streams: the return value of write; Python: await send): wait, drop with a notice, or cut the client (WebSocket: with 1013; SSE: it comes back with its last id).',
  source:
    'CHECKLIST rule 13: above a control copy with the same push and fast readers; fails if it follows the withheld bytes (ratio over 0.5) past 64 MiB',
  inProtocol: {
    grpc: {
      fix: "Honour the backpressure of the stream before each message (grpc-js: the return value of write and 'drain'; Java: isReady and onReadyHandler; Go, Python and C++ block in Send): wait, drop with a notice, or end the call with RESOURCE_EXHAUSTED. Never put a queue without a bound between the feed and the stream.",
    },
  },
  measured: {
    rssGrowthBytes: 'bytes',
    withheldBytes: 'bytes',
    ratio: 'growth / withheld',
    kernelBytes: 'bytes',
    disconnectedAtMs: 'ms',
    mode: 'push | echo | broadcast',
  },
  expect: { maxGrowthBytes: 64 * MIB, maxRatio: 0.5 },
  decidedBy: [
    ['rssGrowthBytes', 'maxGrowthBytes'],
    ['ratio', 'maxRatio', 'fail'],
  ],
  judge: (history, context) => judgeMemory(history, context, 'slow-reader'),
  examples: {
    pass: pressureStory('slow-reader', 70 * MIB),
    fail: pressureStory('slow-reader', 250 * MIB),
  },
});
