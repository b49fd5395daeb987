/** What the resilient server tells at GET /metrics, in the text format of Prometheus. One server a process, so one set of numbers. */
export const counts = { active: 0, connects: 0, resumed: 0, sent: 0, received: 0 };

const BOUNDS_S = [0.001, 0.01, 0.1, 1];
const handled = { buckets: BOUNDS_S.map(() => 0), sumS: 0, count: 0 };

/** The time that a message took: of a client, or to all clients. */
export function observe(seconds: number): void {
  for (const [i, bound] of BOUNDS_S.entries()) if (seconds <= bound) handled.buckets[i] = (handled.buckets[i] ?? 0) + 1;
  handled.sumS += seconds;
  handled.count += 1;
}

export function processMetrics(): string {
  return `# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes ${process.memoryUsage.rss()}\n`;
}

export function metricsText(): string {
  const lines = [
    ['gauge', 'feed_connections', counts.active],
    ['counter', 'feed_connects_total', counts.connects],
    ['counter', 'feed_reconnects_total', counts.resumed],
    ['counter', 'feed_messages_sent_total', counts.sent],
    ['counter', 'feed_messages_received_total', counts.received],
  ].map(([type, name, value]) => `# TYPE ${name} ${type}\n${name} ${value}\n`);
  const name = 'feed_handling_seconds';
  const buckets = BOUNDS_S.map((bound, i) => `${name}_bucket{le="${bound}"} ${handled.buckets[i]}\n`).join('');
  const histogram = `# TYPE ${name} histogram\n${buckets}${name}_bucket{le="+Inf"} ${handled.count}\n${name}_sum ${handled.sumS}\n${name}_count ${handled.count}\n`;
  return lines.join('') + histogram + processMetrics();
}
