/**
 * Tricky: a client on fetch with a loop of its own, as pages that post have it: it sends what a browser sends, keeps its connections
 * in a pool, so that a request may go where a stream has just ended, and heeds what it is asked.
 */
import { EventDecoder } from '../../event-decoder';
import { Inbox } from '../../inbox';
import { report, scaledMs, type TrickyMeta } from '../../program';
import { resilient } from '../../sse-client-behaviour';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'fetch with a loop of its own, and a pool of connections',
  fine: [
    'sse/no-reconnect',
    'sse/hung-handshake',
    'sse/ignores-204',
    'sse/ignores-retry-hint',
    'sse/retries-forbidden',
    'sse/flapping-reset',
    'sse/accepts-bad-certificate',
  ],
};

const url = process.env.TARGET_URL ?? 'http://127.0.0.1:8080/';
const inbox = new Inbox();
let [retryMs, lastEventId] = [0, ''];

/** What the server asks for, in real milliseconds; undefined where it says that there is no more. */
async function follow(): Promise<number | undefined> {
  const leaving = new AbortController();
  let deadline = setTimeout(() => leaving.abort(), scaledMs(20_000));
  const headers = { accept: 'text/event-stream', ...(lastEventId === '' ? {} : { 'last-event-id': lastEventId }) };
  const response = await fetch(url, { headers, signal: leaving.signal });
  const stream = response.headers.get('content-type')?.startsWith('text/event-stream') ? response.body : null;
  if (response.status === 204) return undefined;
  if (response.status !== 200 || stream === null) {
    await response.body?.cancel();
    clearTimeout(deadline);
    return resilient.askedMs(response.status, response.headers.get('retry-after') ?? undefined);
  }
  report('open');
  const decoder = new EventDecoder(
    {
      event: ({ id, type, data }) => void (type === 'message' && inbox.take(data, id)),
      retry: (ms) => {
        retryMs = ms;
      },
      stray: () => {},
    },
    lastEventId,
  );
  try {
    for await (const bytes of stream) {
      clearTimeout(deadline);
      deadline = setTimeout(() => leaving.abort(), scaledMs(45_000));
      decoder.feed(bytes);
      lastEventId = decoder.lastEventId;
    }
  } finally {
    clearTimeout(deadline);
  }
  return 0;
}

async function stay(): Promise<void> {
  const why = { status: undefined, whole: false };
  for (let failures = 0; ; failures++) {
    const startedAtMs = Date.now();
    const askedMs = await follow().catch(() => 0);
    if (askedMs === undefined) return;
    if (Date.now() - startedAtMs > scaledMs(resilient.stableMs + 20_000)) failures = 0;
    const leastMs = Math.max(askedMs, retryMs, scaledMs(resilient.leastMs(failures, why) ?? 0));
    await new Promise((again) => setTimeout(again, leastMs + scaledMs(resilient.jitterMs(failures, why))));
  }
}

if (require.main === module) {
  setInterval(() => {}, 60_000);
  void stay();
}
