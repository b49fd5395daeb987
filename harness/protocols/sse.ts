import { garbageForEventStream } from '../drivers/garbage-event-stream.js';
import { eventStreamRequest } from '../drivers/handshake-lines.js';
import { openEventStream } from '../drivers/sse.js';
import { openSilentStream, startEventReference } from '../drivers/sse-reference.js';
import { tapEventStream } from '../path/sse-tap.js';
import type { Protocol } from '../protocol.js';

const sse: Protocol = {
  id: 'sse',
  schemes: ['http', 'https'],
  opening: 'a request for an event stream',
  serverKind: 'an HTTP server',
  remedies: '',
  // "its `Last-Event-ID` header" [WHATWG HTML 9.2.4].
  resume: { in: 'header', name: 'Last-Event-ID', value: '{id}' },
  duplex: () => false,
  openStatus: 200,
  postsForAnEnd: true,
  tap: () => tapEventStream,
  open: openEventStream,
  handshakeLines: eventStreamRequest,
  garbage: garbageForEventStream,
  startReference: startEventReference,
  openSilent: openSilentStream,
};
export default sse;
