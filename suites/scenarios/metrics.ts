import reset from '../../faults/reset.js';
import { boundedText } from '../../harness/bounded-text.js';
import type { Gate, Slot } from '../../harness/contract.js';
import { defineScenario } from '../../harness/define.js';
import { fillSlot } from '../../harness/drivers/resume.js';
import { payloadOf } from '../../harness/drivers/workload.js';
import { messageOf } from '../../harness/errors.js';
import { countable } from '../../harness/heartbeats.js';
import { rawId } from '../../harness/id-field.js';
import { factsOfMessage } from '../../harness/path/event-stream.js';
import { type Metrics, readMetrics, type Sample } from '../../harness/probes/metrics-text.js';
import { isDuplex } from '../../harness/protocol.js';
import type { ReceivedMessage, ScenarioContext, Session } from '../../harness/scenario.js';
import { streamOf } from '../../harness/sequence.js';

/** 2 % of these are two. */
const SESSIONS = 100;
const AT_ONCE = 10;
/** A server may count once in a while; what does not agree after that does not agree. */
const AGREE_MS = 6000;
/** Some learn of the end of a stream only when they write to it next: a heartbeat (CHECKLIST rule 11). */
const BEAT_MS = 35_000;
const ASK_EVERY_MS = 500;
const ANSWER_MS = 5000;
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** An id to come back with. */
const IDS_MS = 4000;
const IDS = 12;
/** Series of one scrape that are kept. */
const MOST_SERIES = 500;

export default defineScenario({
  id: 'metrics',
  about: '100 clients come, are cut in one instant and come back; what do the metrics say at each step?',
  role: 'server',
  lane: 'busy',
  faults: ['reset'],
  windowMs: 12_000,
  unless: ({ server }) => (server?.metricsUrl === undefined ? 'needs --metrics-url' : undefined),
  async run(context) {
    const server = await context.startServer();
    const { port, host } = server;
    const url = (context.target.server?.metricsUrl ?? '').replaceAll('{port}', `${port}`).replaceAll('{host}', host);
    const gate = await context.openGate({ name: 'metrics', to: server });
    context.phase('baseline');
    const before = await scrape(context, url, 'before');
    // Others use a server that runs already, and so do our own other scenarios.
    if (!before || context.target.server?.command === undefined) return;
    const heard: ReceivedMessage[] = [];
    const sessions = await fill(context, gate, [], (message) => heard.push(message));
    const opened = sessions.length;
    // Some families are there only once a message was counted.
    if (context.workload.echo || context.workload.broadcast)
      sessions[0]?.send(payloadOf(context.workload.form === 'text' ? 'text' : 'json', context.random.token(16), 128));
    // What counted the arrivals is waited for again when they have come back, and when they are gone.
    const counting = (samples: readonly Sample[], by: number, names: readonly string[]) =>
      names.filter((name) => sumOf(samples, name) - sumOf(before, name) === by);
    const open = await scrape(
      context,
      url,
      'open',
      (samples) => counting(samples, opened, gaugesOf(samples)).length > 0,
    );
    const telling = counting(open ?? [], opened, gaugesOf(open ?? []));
    const counters = counting(open ?? [], opened, countersOf(open ?? []));
    const resume = await resumption(context, heard);
    const late = !isDuplex(context.target) && telling.length > 0;
    const endsMs = late ? Math.max(AGREE_MS, context.ms(BEAT_MS)) : AGREE_MS;
    context.phase('fault');
    await context.inject(reset, [gate], {});
    await context.watch(context.ms(2000), () => sessions.every(({ isOpen }) => !isOpen));
    context.phase('recovery');
    const back = await fill(context, gate, resume);
    // A gauge that is told late says the same before the cut and after the return.
    const all = opened + back.length;
    await scrape(
      context,
      url,
      'back',
      (samples) =>
        counting(samples, back.length, telling).length > 0 &&
        counting(samples, all, counters).length === counters.length,
      endsMs,
    );
    for (const session of back) session.terminate();
    await scrape(context, url, 'after', (samples) => counting(samples, 0, telling).length > 0, endsMs);
    context.measure('sessions', { opened, back: back.length, resumed: resume.length > 0, accepted: gate.accepted });
  },
});

async function fill(
  context: ScenarioContext,
  gate: Gate,
  resume: readonly Slot[],
  onMessage: (message: ReceivedMessage) => void = () => {},
): Promise<Session[]> {
  const { auth } = context.target;
  const slots = [...(auth ? [auth] : []), ...resume];
  const bare = resume.some((slot) => slot.in === 'message');
  const sessions: Session[] = [];
  const wanted = Math.min(SESSIONS, context.options.clients);
  for (let from = 0; from < wanted; from += AT_ONCE) {
    const opening = Array.from({ length: Math.min(AT_ONCE, wanted - from) }, (_, index) =>
      context.openSession({
        name: `metrics-${from + index}`,
        to: gate,
        silent: true,
        slots,
        bare,
        ...(from + index === 0 ? { onMessage } : {}),
      }),
    );
    for (const opened of await Promise.all(opening)) if (!('refused' in opened)) sessions.push(opened);
  }
  return sessions;
}

/** Those that come back say where they were, so that a server can tell them from new ones. */
async function resumption(
  { target, observer, watch }: ScenarioContext,
  heard: readonly ReceivedMessage[],
): Promise<Slot[]> {
  const { resume, sequence } = target;
  if (!resume || resume.in === 'none') return [];
  await watch(IDS_MS, () => heard.length >= IDS);
  const seen = heard.map((message) => factsOfMessage(message, observer));
  const { field } = streamOf(countable(seen, new Set()), { declared: sequence, resume });
  const last = heard.at(-1);
  const id = field && last ? rawId(last, field) : undefined;
  return id === undefined ? [] : [fillSlot(resume, id)];
}

/** Asks until the answer is as it should be or the time is over; what came last is kept. */
async function scrape(
  context: ScenarioContext,
  url: string,
  when: string,
  agrees: (samples: readonly Sample[]) => boolean = () => true,
  patienceMs = AGREE_MS,
): Promise<readonly Sample[] | undefined> {
  let status: number | string = 'none';
  let metrics: Metrics | undefined;
  await context.watch(
    patienceMs,
    async () => {
      try {
        const answer = await fetch(url, { signal: AbortSignal.any([AbortSignal.timeout(ANSWER_MS), context.signal]) });
        status = answer.status;
        metrics = answer.ok ? readMetrics(await boundedText(answer, MAX_ANSWER_BYTES)) : undefined;
      } catch (error) {
        status = messageOf(error);
      }
      return metrics !== undefined && agrees(metrics.samples);
    },
    ASK_EVERY_MS,
  );
  context.measure('scrape', { when, status, read: metrics !== undefined });
  for (const name of metrics?.names.slice(0, MOST_SERIES) ?? []) context.measure('family', { when, name });
  for (const { name, labels, value, type } of metrics?.samples.slice(0, MOST_SERIES) ?? []) {
    if (/_bucket$/.test(name)) continue;
    // Labels may hold the names of users.
    context.measure('metric', { when, name, type, value, series: `${name} ${context.observer.hash(labels)}` });
  }
  return metrics?.samples;
}

function gaugesOf(samples: readonly Sample[]): string[] {
  return [...new Set(samples.filter(isLive).map(({ name }) => name))];
}

function countersOf(samples: readonly Sample[]): string[] {
  return [...new Set(samples.filter(({ type }) => type === 'counter').map(({ name }) => name))];
}

function isLive({ type, name }: Sample): boolean {
  return type === 'gauge' || (type === 'untyped' && !/_(total|count|sum|created)$/.test(name));
}

function sumOf(samples: readonly Sample[], name: string): number {
  return samples.filter((sample) => sample.name === name).reduce((sum, { value }) => sum + value, 0);
}
