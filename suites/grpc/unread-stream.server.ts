import { defineCheck } from '../../harness/define.js';
import { MIB } from '../../harness/numbers.js';
import { judgeMemory, pressureStory } from '../shared/pressure-evidence.js';

// TCP holds nothing back here: the connection is read, and only the window of the stream is left shut. Where that window is used up a
// gRPC library waits, or keeps what its application goes on writing.
export default defineCheck({
  id: 'grpc/unread-stream',
  level: 'MUST',
  antiPattern: null,
  role: 'server',
  scenario: 'unread',
  title: 'MUST keep its memory bounded for a stream whose client reads no further',
  why: 'On a connection with many calls a client that has enough of one leaves just that one unread: what is written for it stays in the server, message by message, until the process is killed for its memory.',
  fix: "Write no faster than the stream takes (Node: stop at write() that gives false, go on at 'drain'; Java: isReady() and setOnReadyHandler; C++: one Write at a time; Go and Python block by themselves, as long as no queue is in front of them), or end the call with RESOURCE_EXHAUSTED.",
  source:
    'gRPC guide "Flow Control": "the framework will wait until the peer can accept more before allowing more to be sent"; RFC 9113, 5.2.1: "a receiver sets its own flow-control window, and a sender MUST respect" it; CHECKLIST rule 13',
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
  patterns: ['server-streaming', 'bidirectional'],
  judge: (history, context) => judgeMemory(history, context, 'unread-stream'),
  examples: { pass: pressureStory('unread-stream', 70 * MIB), fail: pressureStory('unread-stream', 250 * MIB) },
});
