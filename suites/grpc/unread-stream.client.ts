import { defineCheck } from '../../harness/define.js';
import { MIB } from '../../harness/numbers.js';
import {
  judgeSendBuffer,
  SEND_BUFFER_LIMITS,
  SEND_BUFFER_NUMBERS,
  sendBufferStory,
} from '../shared/send-buffer-evidence.js';

// The window of a stream holds its messages back, and nothing else: the connection is read, and PINGs are answered.
export default defineCheck({
  id: 'grpc/unread-stream',
  level: 'MUST',
  antiPattern: null,
  role: 'client',
  scenario: 'slow-server',
  title: 'MUST keep its memory bounded while the server reads a call no further',
  why: 'A server that is busy, or waits for another, leaves calls unread. A client that goes on writing keeps all of it, message by message, until it is killed for its memory.',
  fix: "Write no faster than the call takes (Node: stop at write() that gives false, go on at 'drain'; Java: isReady() and setOnReadyHandler; C++: one Write at a time; Go and Python block by themselves, as long as no queue is in front of them), and drop or give up beyond a limit.",
  source:
    'gRPC guide "Flow Control": "the framework will wait until the peer can accept more before allowing more to be sent"; RFC 9113, 5.2.1: "a receiver sets its own flow-control window, and a sender MUST respect" it; CHECKLIST rule 13',
  measured: SEND_BUFFER_NUMBERS,
  expect: SEND_BUFFER_LIMITS,
  implies: ['grpc/unbounded-send-buffer'],
  patterns: ['client-streaming', 'bidirectional'],
  judge: judgeSendBuffer,
  examples: { pass: sendBufferStory('held-windows', 2 * MIB), fail: sendBufferStory('held-windows', 95 * MIB) },
});
