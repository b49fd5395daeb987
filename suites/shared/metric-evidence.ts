import type { EventOf, HistoryView } from '../../harness/contract.js';

/** What a service's metrics are about; the words are those of client libraries and of published servers. */
export const FAMILIES = ['connection', 'message', 'latency', 'resource'] as const;
export type Family = (typeof FAMILIES)[number];

/** A program's own runtime, which its client library tells without being asked. */
const RUNTIME = /^(process|nodejs|go|python|jvm|ruby|dotnet|scrape|promhttp|prometheus)_/;
const WORDS: Readonly<Record<Exclude<Family, 'resource'>, RegExp>> = {
  latency: /latency|duration|delay|round_?trip|rtt|response_time|(seconds|ms|milliseconds|microseconds)(_sum|_count)?$/,
  message: /messages?|msgs?|events?|updates?|frames?|packets?|publish|broadcast|sent|received|deliver|emit/,
  connection:
    /connect|session|client|socket|subscribers?(_|$)|streams?(_|$)|listeners?(_|$)|peer|conns?(_|$)|users?(_|$)|online|channels?_members?|upgrade|handshake|rpc.*(started|calls?(_|$)|active|in_flight)/,
};
const RESOURCE = /memory|heap|cpu|rss|_fds?(_|$)|descriptors|goroutines|threads|buffer(ed)?_bytes|queue/;

/** A time since the epoch, and a program's uptime, are no latency. */
const CLOCK = /timestamp|start_time|uptime|_created$|last_/;

/** A metric may be of several: `ws_message_latency_seconds` is of two. */
export function familiesOf(name: string): Family[] {
  if (RUNTIME.test(name)) return ['resource'];
  const found = (Object.keys(WORDS) as Exclude<Family, 'resource'>[]).filter((family) => WORDS[family].test(name));
  const timed = CLOCK.test(name) ? found.filter((family) => family !== 'latency') : found;
  // How long something took says little about how much of it there was, but its count does.
  return RESOURCE.test(name) ? [...timed, 'resource'] : timed;
}

type Metric = EventOf<'measure'>;

/** One series at each step of the scenario. */
export interface Series {
  readonly name: string;
  readonly type: string;
  readonly before: number;
  readonly open: number;
  readonly back: number;
  readonly after: number;
  readonly events: readonly Metric[];
}

/** Each series, and the sum of those of one name where there are several. */
export function seriesOf(history: HistoryView): Series[] {
  const by = new Map<string, Metric[]>();
  for (const metric of history.measures('metric')) {
    const key = String(metric.facts.series);
    by.set(key, [...(by.get(key) ?? []), metric]);
  }
  const single = [...by.values()].map(toSeries);
  const names = [...new Set(single.map(({ name }) => name))];
  const several = names.map((name) => single.filter((one) => one.name === name)).filter(({ length }) => length > 1);
  const sum = (list: readonly Series[], step: 'before' | 'open' | 'back' | 'after') =>
    list.reduce((total, one) => total + one[step], 0);
  const sums = several.map(([first, ...others]): Series => {
    const list = first ? [first, ...others] : others;
    return {
      name: first?.name ?? '',
      type: first?.type ?? '',
      before: sum(list, 'before'),
      open: sum(list, 'open'),
      back: sum(list, 'back'),
      after: sum(list, 'after'),
      events: list.flatMap(({ events }) => events),
    };
  });
  return [...single, ...sums];
}

function toSeries(metrics: readonly Metric[]): Series {
  const at = (when: string) => Number(metrics.find(({ facts }) => facts.when === when)?.facts.value ?? 0);
  return {
    name: String(metrics[0]?.facts.name),
    type: String(metrics[0]?.facts.type),
    before: at('before'),
    open: at('open'),
    back: at('back'),
    after: at('after'),
    events: metrics,
  };
}
