// One verdict's picture: lanes and plots over the same time, zoomed together.
(() => {
  globalThis.holdfast ??= {};
  const { holdfast } = globalThis;
  const PLOT_HEIGHT = 110;
  const AXIS_HEIGHT = 28;
  const LEAST_SPAN_MS = 20;

  /** Starts a picture in its figure; gives back how to zoom it, draw it anew, and show an event. */
  holdfast.startFigure = (figure, picture) => {
    const box = figure.querySelector('.canvas');
    const events = JSON.parse(figure.dataset.events);
    const layout = holdfast.rowsOf(picture, events);
    const tip = element('div', { className: 'tip', hidden: true });
    const plots = [];
    let palette = holdfast.palette();
    let range = [0, picture.spanMs];

    const width = () => Math.max(240, box.clientWidth);
    const gutter = () => (width() < 560 ? 74 : 132);
    const timeAxis = () => ({
      stroke: () => palette.text,
      grid: { stroke: () => palette.line, width: 1 },
      ticks: { stroke: () => palette.line },
      size: AXIS_HEIGHT,
      font: '11px system-ui, sans-serif',
      values: (_, splits) => splits.map((ms) => (ms === null ? '' : holdfast.time(ms))),
      space: 70,
    });
    const common = () => ({
      width: width(),
      legend: { show: false },
      padding: [0, 10, 0, 0],
      cursor: { drag: { x: true, y: false, setScale: false }, points: { show: false }, y: false },
    });
    const zoomTo = (from, to) => {
      const length = Math.min(picture.spanMs, Math.max(LEAST_SPAN_MS, to - from));
      const start = Math.max(0, Math.min(from, picture.spanMs - length));
      range = [start, start + length];
      figure.dataset.from = String(Math.round(range[0]));
      figure.dataset.to = String(Math.round(range[1]));
      for (const { u, timed } of plots) if (timed) u.setScale('x', { min: range[0], max: range[1] });
    };
    const hooks = (more) => ({
      setSelect: [
        (u) => {
          if (u.select.width > 4)
            zoomTo(u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x'));
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      ready: [(u) => u.over.addEventListener('dblclick', () => zoomTo(0, picture.spanMs))],
      ...more,
    });

    addLanes();
    for (const plot of picture.plots) addPlot(plot);
    figure.append(tip, holdfast.legendOf(picture, events));
    figure.insertBefore(tools(), box);
    figure.dataset.drawn = 'yes';
    zoomTo(...range);

    function addLanes() {
      const u = new uPlot(
        {
          ...common(),
          height: layout.height + AXIS_HEIGHT,
          scales: { x: { time: false, range: () => range }, y: { range: [0, 1] } },
          series: [{}, { paths: () => null, points: { show: false } }],
          axes: [timeAxis(), { size: gutter, values: () => [], splits: () => [], ticks: { show: false } }],
          hooks: hooks({
            draw: [(self) => holdfast.drawLanes(self, picture, layout, events, palette)],
            setCursor: [(self) => hover(self)],
          }),
        },
        [
          [0, picture.spanMs],
          [0, 0],
        ],
        box,
      );
      u.over.addEventListener('mouseleave', () => {
        tip.hidden = true;
      });
      plots.push({ u, timed: true, height: layout.height + AXIS_HEIGHT });
    }

    function hover(u) {
      const { left, top } = u.cursor;
      const lines = left < 0 ? [] : holdfast.underPointer(u, picture, layout, events, { left, top });
      tip.hidden = lines.length === 0;
      if (tip.hidden) return;
      tip.replaceChildren(...lines.map((line) => element('div', { textContent: line })));
      const place = u.over.getBoundingClientRect();
      const home = figure.getBoundingClientRect();
      const x = place.left - home.left + left;
      tip.style.left = `${Math.max(0, Math.min(x + 12, home.width - tip.offsetWidth - 4))}px`;
      tip.style.top = `${place.top - home.top + top + 16}px`;
    }

    function addPlot({ title, unit, kind, series }) {
      const timed = kind !== 'shares';
      const xs = [...new Set(series.flatMap((one) => one.xs))].sort((a, b) => a - b);
      const ys = series.map((one) => {
        const at = new Map(one.xs.map((x, index) => [x, one.ys[index]]));
        return xs.map((x) => at.get(x));
      });
      const heading = element('div', { className: 'plot-title' });
      heading.append(
        element('b', { textContent: `${title} (${unit})` }),
        ...series.map(({ name }, index) => {
          const label = element('span', { textContent: name });
          label.style.setProperty('--color', `var(--series-${index % 8})`);
          return label;
        }),
      );
      box.append(heading);
      const u = new uPlot(
        {
          ...common(),
          height: PLOT_HEIGHT + AXIS_HEIGHT,
          scales: {
            x: { time: false, range: timed ? () => range : [0, 100] },
            y: { range: (_, __, max) => [0, (max || 1) * 1.05] },
          },
          series: [
            {},
            ...series.map((_, index) => ({
              stroke: () => palette.series[index % 8],
              width: 1.5,
              spanGaps: true,
              ...(kind === 'points'
                ? { paths: () => null, points: { show: true, size: 4, fill: () => palette.series[index % 8] } }
                : { points: { show: false } }),
            })),
          ],
          axes: [
            timed ? timeAxis() : { ...timeAxis(), values: (__, splits) => splits.map((share) => `${share} %`) },
            {
              size: gutter,
              stroke: () => palette.text,
              grid: { stroke: () => palette.line, width: 1 },
              ticks: { show: false },
              font: '11px system-ui, sans-serif',
              space: 30,
            },
          ],
          hooks: hooks({ draw: [(self) => shade(self, timed)] }),
        },
        [xs, ...ys],
        box,
      );
      plots.push({ u, timed, height: PLOT_HEIGHT + AXIS_HEIGHT });
    }

    /** The faults that concerned every lane, behind the numbers too. */
    function shade(u, timed) {
      if (!timed) return;
      const { ctx, bbox } = u;
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
      ctx.clip();
      ctx.globalAlpha = 0.1;
      ctx.fillStyle = palette.fault;
      const bands = picture.faults.flatMap((fault) => fault.bands.filter(([, , , lane]) => lane === undefined));
      for (const [from, to] of bands) {
        const left = u.valToPos(from, 'x', true);
        ctx.fillRect(left, bbox.top, Math.max(2, u.valToPos(to, 'x', true) - left), bbox.height);
      }
      ctx.restore();
    }

    function tools() {
      const bar = element('div', { className: 'tools', role: 'group', ariaLabel: `Zoom of ${picture.scenario}` });
      const by = (factor) => {
        const [from, to] = range;
        const [middle, half] = [(from + to) / 2, ((to - from) / 2) * factor];
        zoomTo(middle - half, middle + half);
      };
      const move = (share) => {
        const [from, to] = range;
        zoomTo(from + share * (to - from), to + share * (to - from));
      };
      const actions = [
        ['+', 'Zoom in', () => by(0.5)],
        ['−', 'Zoom out', () => by(2)],
        ['←', 'Earlier', () => move(-0.4)],
        ['→', 'Later', () => move(0.4)],
        ['All', 'Show all', () => zoomTo(0, picture.spanMs)],
      ];
      for (const [textContent, ariaLabel, act] of actions) {
        const button = element('button', { type: 'button', textContent, ariaLabel, title: ariaLabel });
        button.addEventListener('click', act);
        bar.append(button);
      }
      bar.append(element('span', { className: 'hint', textContent: 'drag to zoom, double-click for all' }));
      return bar;
    }

    return {
      zoomTo,
      redraw() {
        palette = holdfast.palette();
        for (const { u } of plots) u.redraw(false, true);
      },
      resize() {
        for (const { u, height } of plots) if (u.width !== width()) u.setSize({ width: width(), height });
      },
      /** Zooms to where an event stands. */
      show(seq) {
        const event = events.find(([one]) => one === seq);
        if (!event) return;
        for (const { u } of plots) u.holdfastChosen = seq;
        const half = Math.max(500, Math.min(picture.spanMs / 16, 5000));
        zoomTo(event[1] - half, event[1] + half);
      },
    };
  };

  function element(tag, properties) {
    return Object.assign(document.createElement(tag), properties);
  }

  holdfast.element = element;
})();
