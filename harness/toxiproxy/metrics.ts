import type { Tally } from './proxy.js';

/** The byte counters of `/metrics`: as in the original, they grow only when a connection has ended. */
export function createMetrics(): { readonly tally: Tally; text(): string } {
  const received = new Map<string, number>();
  const sent = new Map<string, number>();
  const add = (to: Map<string, number>, labels: string, bytes: number) => to.set(labels, (to.get(labels) ?? 0) + bytes);
  const print = (name: string, help: string, counts: Map<string, number>) =>
    counts.size === 0
      ? ''
      : `# HELP ${name} ${help}\n# TYPE ${name} counter\n` +
        [...counts].map(([labels, bytes]) => `${name}{${labels}} ${bytes}\n`).join('');
  return {
    tally(direction, proxy, readBytes, writtenBytes) {
      const label = (key: string, value: string) => `${key}=${JSON.stringify(value)}`;
      const labels = [
        label('direction', direction),
        label('listener', proxy.listen),
        label('proxy', proxy.name),
        label('upstream', proxy.upstream),
      ].join(',');
      add(received, labels, readBytes);
      add(sent, labels, writtenBytes);
    },
    text: () =>
      print('toxiproxy_proxy_received_bytes_total', 'Bytes read from the source of a link that ended.', received) +
      print('toxiproxy_proxy_sent_bytes_total', 'Bytes written to the destination of a link that ended.', sent),
  };
}
