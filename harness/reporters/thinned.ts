export type Point = readonly [x: number, y: number];

/** At most so many points in order of x: of each stretch the lowest and the highest, so that no peak is lost. */
export function thinned(points: readonly Point[], most: number): readonly Point[] {
  const sorted = points.toSorted(([a], [b]) => a - b);
  if (sorted.length <= most) return sorted;
  const size = Math.ceil(sorted.length / Math.max(1, Math.floor(most / 2)));
  const kept: Point[] = [];
  for (let from = 0; from < sorted.length; from += size) {
    const stretch = sorted.slice(from, from + size).toSorted(([, a], [, b]) => a - b);
    const [lowest, highest] = [stretch[0], stretch.at(-1)];
    if (!lowest || !highest) continue;
    kept.push(...(lowest === highest ? [lowest] : [lowest, highest].toSorted(([a], [b]) => a - b)));
  }
  return kept;
}
