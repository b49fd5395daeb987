// What lies under the pointer, in words.
(() => {
  globalThis.holdfast ??= {};
  const { holdfast } = globalThis;
  const NEAR_PX = 7;
  const FLAG_PX = 18;

  /** Lines for the place at `px` of a picture's lanes; none where nothing is. */
  holdfast.underPointer = (u, picture, layout, events, { left, top }) => {
    const at = u.posToVal(left, 'x');
    const near = (ms) => Math.abs(u.valToPos(ms, 'x') - left) <= NEAR_PX;
    const row = layout.rows.find((one) => top >= one.top - 2 && top < one.top + one.height + 3);
    if (!row) return [];
    if (row.kind === 'evidence')
      return shortened(
        events.flatMap(([, ms, , words], index) =>
          Math.abs(u.valToPos(ms, 'x') - left) <= FLAG_PX ? [`${index + 1}. ${holdfast.time(ms)}: ${words}`] : [],
        ),
      );
    if (row.kind === 'fault') {
      const { about, bands, bites } = row.fault;
      const here = bands.filter(([from, to]) => (at >= from && at <= to) || near(from)).map(([, , words]) => words);
      const bite = bites.some(near) ? ['seen to act'] : [];
      return here.length === 0 ? [] : [about, ...shortened([...new Set(here)]), ...bite];
    }
    return linesOfLane(row, at, near, top, picture);
  };

  function linesOfLane({ lane, times, name, top: laneTop, height }, at, near, top, picture) {
    const lines = lane.marks
      .filter(({ atMs }) => near(atMs))
      .map(({ words, atMs }) => `${holdfast.time(atMs)}: ${words}`);
    for (const { kind, lane: place, atMs, seq } of picture.strays)
      if (place === name && near(atMs)) lines.push(`message ${kind} (event ${seq}, ${holdfast.time(atMs)})`);
    if (lane.crowd) {
      const { stepMs, began, inVain, open } = lane.crowd;
      const index = Math.floor(at / stepMs);
      lines.push(
        `${began[index] ?? 0} began in ${stepMs} ms, ${inVain[index] ?? 0} of them in vain; ${open[index] ?? 0} open`,
      );
    }
    const rowIndex = Math.floor(((top - laneTop) / height) * lane.rows);
    const bars = lane.bars.filter(
      ({ row, fromMs, toMs }) => row === rowIndex && ((at >= fromMs && at <= toMs) || near(fromMs)),
    );
    for (const bar of bars) {
      const before = lane.bars.filter(({ toMs }) => toMs <= bar.fromMs).at(-1);
      const since = before ? `, ${holdfast.time(bar.fromMs - before.toMs)} after the one before` : '';
      lines.push(`${holdfast.time(bar.fromMs)}${lane.kind === 'process' ? '' : since}: ${bar.words}`);
    }
    for (const [kind, list] of Object.entries(times)) {
      const count = list.filter(near).length;
      if (count > 0)
        lines.push(count === 1 ? holdfast.TICKS[kind].name : `${count} or more: ${holdfast.TICKS[kind].name}`);
    }
    return lines.length === 0 ? [] : [name, ...shortened(lines)];
  }

  function shortened(lines) {
    return lines.length <= 5 ? lines : [...lines.slice(0, 5), `and ${lines.length - 5} more`];
  }

  holdfast.time = (ms) => {
    if (Math.abs(ms) < 1000) return `${Math.round(ms)} ms`;
    return ms < 120_000
      ? `${(ms / 1000).toFixed(2)} s`
      : `${Math.floor(ms / 60_000)} min ${((ms % 60_000) / 1000).toFixed(1)} s`;
  };
})();
