type Reasons = Readonly<Record<string, string>>;

const EITHER = 'the latency or the slices are trouble enough; the cuts are what is asked about';

const WIRE = 'who reports nothing is judged by the wire, and the verdict says so';

/**
 * Evidence without which a check may still pass, and why: every other sort of it is needed. By the check's problem and by the example in which it
 * is left out; sorts as `kindOf` names them.
 */
export const SPARE: Readonly<Record<string, { readonly [Seed in 'pass' | 'fail']?: Reasons }>> = {
  'drops-on-spike': {
    fail: { 'spike end': 'the end is the failure: without it this is the history of one that kept its connection' },
  },
  'duplicate-delivery': {
    pass: { 'bite latency': EITHER, 'bite slicer': EITHER },
    fail: { 'report message': WIRE },
  },
  'lost-outbound': { pass: { 'bite latency': EITHER, 'bite slicer': EITHER } },
  'message-loss': { pass: { 'bite latency': EITHER, 'bite slicer': EITHER } },
  reordering: {
    pass: { 'bite latency': EITHER, 'bite slicer': EITHER },
    fail: { 'report message': WIRE },
  },
  'stale-after-reconnect': { pass: { 'bite latency': EITHER, 'bite slicer': EITHER } },
  'insecure-transport': { pass: { 'session transport open': 'the measure is taken of a session that is open' } },
  'no-reconnect': { pass: { 'bite edge-outage': 'who came back later than the pages were served says so' } },
  'no-resume': { pass: { 'victim handshake up': 'where nothing is lost or repeated the server remembers it' } },
  'sequence-restart': { pass: { 'witness down text': 'the victim saw the same ids' } },
  'ignored-cancel': {
    pass: { 'measure work': 'the wire is judged by itself, and what the handler does is said not to be seen' },
    fail: { 'measure work': 'the same' },
  },
  'no-goaway': { fail: { 'clients trailers': 'that the calls ended before the GOAWAY is the failure' } },
  'ignores-retry-hint': {
    pass: {
      'refused-N start': 'each way of asking is judged by itself',
      'goodbye-N down close': 'the same',
      'bite goodbye': 'the frames at the gates show it',
    },
  },
  'transformable-stream': { pass: { 'measure compressed': 'it names the proxy' } },
};
