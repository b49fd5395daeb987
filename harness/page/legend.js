// What the signs of a picture mean, as far as it has them; and the same picture as a list.
(() => {
  globalThis.holdfast ??= {};
  const { holdfast } = globalThis;

  holdfast.legendOf = (picture, events) => {
    const { element } = holdfast;
    const legend = element('ul', { className: 'legend' });
    const add = (sign, words) => {
      const item = element('li', { textContent: words });
      item.prepend(element('i', { className: sign }), ' ');
      legend.append(item);
    };
    const lanes = picture.lanes.filter(({ kind }) => kind !== 'process');
    const bars = lanes.flatMap((lane) => lane.bars);
    const has = (kind) => lanes.some(({ ticks }) => (ticks[kind]?.length ?? 0) > 0);
    if (events.length > 0) add('evidence', 'what the verdict rests on');
    if (picture.faults.length > 0) add('fault', 'fault; its dashes: seen to act');
    if (bars.some(({ state }) => state === 'open'))
      add('open', 'attempt that became a session, and how long it lasted');
    if (bars.some(({ state }) => state === 'refused' || state === 'mute'))
      add('vain', 'attempt in vain: refused, or never answered');
    if (bars.some(({ state }) => state === 'other')) add('other', 'answered, but no session');
    if (bars.some(({ how }) => how === 'FIN')) add('fin', 'ended in order (FIN)');
    if (bars.some(({ how }) => how === 'RST')) add('rst', 'reset (RST); shaded as faults: by Holdfast');
    if (has('down')) add('down', 'message to the client');
    if (has('up')) add('up', 'message to the server');
    if (has('beatDown') || has('beatUp')) add('beat', 'heartbeat (upper half: to the client)');
    if (has('closeDown') || has('closeUp')) add('close', 'close frame');
    if (lanes.some(({ crowd }) => crowd))
      add('crowd', 'many at once: began per step (thin), open at the time (pale), in vain (red)');
    if (picture.lanes.some(({ marks }) => marks.length > 0)) add('mark', 'signal, exit or crash of a process');
    if (picture.strays.length > 0) add('stray', 'message: L lost, D duplicated, R reordered');
    if (picture.leftOut > 0) add('none', `${picture.leftOut} more lanes are not drawn`);
    const words = element('details', { className: 'list' });
    words.append(element('summary', { textContent: 'The same as a list' }));
    words.addEventListener('toggle', () => words.children.length === 1 && words.append(listOf(picture)), {
      once: true,
    });
    const both = element('div', {});
    both.append(legend, words);
    return both;
  };

  const MOST = 40;

  function listOf({ faults, lanes, phases }) {
    const { element, time } = holdfast;
    const list = element('ul', {});
    const add = (name, lines) => {
      const item = element('li', { textContent: name });
      const inner = element('ul', {});
      for (const line of lines.slice(0, MOST)) inner.append(element('li', { textContent: line }));
      if (lines.length > MOST) inner.append(element('li', { textContent: `and ${lines.length - MOST} more` }));
      item.append(inner);
      list.append(item);
    };
    add(
      'phases',
      phases.map(([at, name]) => `${time(at)}: ${name}`),
    );
    for (const { fault, bands } of faults)
      add(
        `fault ${fault}`,
        bands.map(([from, to, words, lane]) => `${time(from)} to ${time(to)}${lane ? ` on ${lane}` : ''}: ${words}`),
      );
    for (const { name, bars, marks, crowd } of lanes) {
      const lines = [
        ...bars.map(({ fromMs, words }) => [fromMs, words]),
        ...marks.map(({ atMs, words }) => [atMs, words]),
      ];
      const told = lines.sort(([a], [b]) => a - b).map(([at, words]) => `${time(at)}: ${words}`);
      const sum = (values) => values.reduce((total, value) => total + value, 0);
      add(
        name,
        crowd
          ? [
              `${sum(crowd.began)} began, ${sum(crowd.inVain)} of them in vain; at most ${Math.max(...crowd.open)} at once`,
            ]
          : told,
      );
    }
    return list;
  }
})();
