import { duration } from './layout.js';
import type { Picture } from './picture.js';

/** A picture for who does not see it: what acted when, and what became of the connections. */
export function pictureWords({ scenario, spanMs, faults, lanes, leftOut, strays, plots }: Picture): string {
  const bars = lanes.flatMap(({ kind, bars }) => (kind === 'process' ? [] : bars));
  const crowds = lanes.flatMap(({ crowd }) => crowd ?? []);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const began = bars.length + sum(crowds.map((crowd) => sum(crowd.began)));
  const inVain =
    bars.filter(({ state }) => state === 'mute' || state === 'refused').length +
    sum(crowds.map((crowd) => sum(crowd.inVain)));
  const counted = (['lost', 'duplicated', 'reordered'] as const).flatMap((kind) => {
    const count = strays.filter((stray) => stray.kind === kind).length;
    return count === 0 ? [] : [`${count} messages ${kind}`];
  });
  return [
    `Timeline of the scenario ${scenario}, ${duration(spanMs)}`,
    `${lanes.length + leftOut} lanes with ${began} connections or sessions, ${inVain} of them in vain`,
    ...faults.map(({ fault, bands }) => {
      const from = Math.min(...bands.map(([fromMs]) => fromMs));
      const to = Math.max(...bands.map(([, toMs]) => toMs));
      return `fault ${fault} from ${duration(from)} to ${duration(to)}`;
    }),
    ...counted,
    ...plots.map(({ title, series }) => `${title}: ${series.map(({ name }) => name).join(', ')}`),
  ].join('; ');
}
