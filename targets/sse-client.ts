/**
 * The resilient SSE client: follows TARGET_URL for ever. It backs off with jitter, heeds `retry:` and Retry-After, notices a
 * silent link, goes on behind Last-Event-ID, drops what it has seen, stops at 204, reports JSON lines.
 * Delays are as the WebSocket client's, with what the server asks for as the least of them.
 */
import { EventDecoder, type StreamEvent } from './event-decoder';
import { type Attempt, type Ending, followEvents } from './event-source';
import { report, scaledMs } from './program';
import { type Behaviour, resilient } from './sse-client-behaviour';

export const meta = { role: 'client', trips: null } as const;

export function startClient(flaw: Partial<Behaviour> = {}): void {
  const behaviour: Behaviour = { ...resilient, ...flaw };
  const scaled = (ms: number | null) => (ms === null ? null : scaledMs(ms));
  let [failures, retryMs, lastEventId] = [0, 0, ''];
  let attempt: Attempt;

  function take({ id, type, data }: StreamEvent): void {
    // Goodbye needs no doing: the end of the stream follows it.
    if (type !== 'message' && type !== 'reset') return;
    // An empty id tells no event from another.
    if (!behaviour.inbox.take(data, id || undefined)) behaviour.misunderstood(data);
  }

  async function connect(): Promise<void> {
    if (failures > 0) report('retry');
    const retry = (ms: number) => {
      retryMs = behaviour.heedsMs(ms);
    };
    const cut = () => {
      decoder.drop();
      attempt.cut();
    };
    const stray = (line: string) => void behaviour.stray(line, cut);
    const decoder = new EventDecoder({ event: take, retry, stray }, lastEventId);
    let openedAtMs: number | undefined;
    const onOpen = () => {
      openedAtMs = Date.now();
      report('open');
    };
    attempt = followEvents(new URL(process.env.TARGET_URL ?? 'http://127.0.0.1:8080/'), decoder, {
      ...behaviour,
      lastEventId: behaviour.presents(lastEventId),
      answerMs: scaled(behaviour.answerMs),
      silenceMs: scaled(behaviour.silenceMs),
      onOpen,
    });
    const ending = await attempt.ended;
    if (behaviour.takesHalves) decoder.flush();
    lastEventId = decoder.lastEventId;
    if (ending.error) behaviour.onError(ending.error);
    if (ending.opened) report('close');
    if (openedAtMs !== undefined && Date.now() - openedAtMs >= scaledMs(behaviour.stableMs)) failures = 0;
    comeBack(ending);
  }

  function comeBack({ status, whole, retryAfter }: Ending): void {
    if (behaviour.stops(status)) return;
    const jitterMs = behaviour.jitterMs(failures, { status, whole });
    const leastMs = behaviour.leastMs(failures, { status, whole });
    failures += 1;
    const askedMs = Math.max(retryMs, behaviour.askedMs(status, retryAfter));
    if (leastMs !== null) setTimeout(connect, Math.max(askedMs, scaledMs(leastMs)) + scaledMs(jitterMs));
  }

  const leave = () => process.exit(0);
  process.once('SIGTERM', leave).once('SIGINT', leave);
  setInterval(() => {}, 60_000); // The application goes on, also when the feed is over.
  void connect();
}

if (require.main === module) startClient();
