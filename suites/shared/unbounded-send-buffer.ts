import { defineCheck } from '../../harness/define.js';
import { MIB } from '../../harness/numbers.js';
import { judgeSendBuffer, SEND_BUFFER_LIMITS, SEND_BUFFER_NUMBERS, sendBufferStory } from './send-buffer-evidence.js';

export default defineCheck({
  id: 'unbounded-send-buffer',
  protocols: ['websocket', 'grpc'],
  level: 'SHOULD',
  antiPattern: null,
  role: 'client',
  scenario: 'slow-server',
  inProtocol: {
    grpc: {
      fix: "Write no faster than the call takes (Node: stop at write() that gives false, go on at 'drain'; Java: isReady() and setOnReadyHandler; C++: one Write at a time; Go and Python block by themselves, as long as no queue is in front of them), and drop or give up beyond a limit.",
    },
  },
  title: 'SHOULD not keep everything that it cannot send: its memory levels off, or it drops and says so',
  why: 'On a slow uplink a program that goes on queueing takes all the memory of its machine, and what it sends at last is hours old.',
  fix: 'Look at what is unsent before sending more (bufferedAmount, drain, await send), and hold back, drop or disconnect at a limit.',
  source:
    'CHECKLIST rule 13, for the other direction: memory above a control copy with a fast reader, ratio > 0.5 past the limit',
  measured: SEND_BUFFER_NUMBERS,
  expect: SEND_BUFFER_LIMITS,
  patterns: ['client-streaming', 'bidirectional'],
  judge: judgeSendBuffer,
  examples: { pass: sendBufferStory('slow-server', 2 * MIB), fail: sendBufferStory('slow-server', 95 * MIB) },
});
