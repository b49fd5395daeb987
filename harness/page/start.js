// Starts the pictures as they come into sight, and what else a reader may do with the page.
(() => {
  globalThis.holdfast ??= {};
  const { holdfast } = globalThis;
  const NAMES = ['page', 'text', 'quiet', 'line', 'open', 'vain', 'bad', 'fault', 'evidence', 'down', 'up', 'beat'];

  /** The colours of the style sheet, for the canvas. */
  holdfast.palette = () => {
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue(`--${name}`).trim();
    return {
      ...Object.fromEntries(NAMES.map((name) => [name, of(name)])),
      series: [0, 1, 2, 3, 4, 5, 6, 7].map((index) => of(`series-${index}`)),
    };
  };

  const pictures = JSON.parse(document.getElementById('pictures').textContent);
  const started = new Map();
  const start = (figure) => {
    const picture = pictures[figure.dataset.scenario];
    if (picture && !started.has(figure)) started.set(figure, holdfast.startFigure(figure, picture));
    return started.get(figure);
  };
  const isShown = (figure) => figure.closest('details').open;

  const sight = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting || !isShown(target)) continue;
        start(target);
        sight.unobserve(target);
      }
    },
    { rootMargin: '400px' },
  );
  for (const figure of document.querySelectorAll('figure.picture')) sight.observe(figure);

  const redraw = () => {
    for (const one of started.values()) one.redraw();
  };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  addEventListener('resize', () => {
    for (const one of started.values()) one.resize();
  });
  addEventListener('beforeprint', () => {
    for (const figure of document.querySelectorAll('figure.picture')) if (isShown(figure)) start(figure);
    document.documentElement.classList.add('printing');
    redraw();
  });
  addEventListener('afterprint', () => {
    document.documentElement.classList.remove('printing');
    redraw();
  });

  document.addEventListener('click', ({ target }) => {
    const button = target.closest?.('button.event');
    if (!button) return;
    const figure = button.closest('article').querySelector('figure.picture');
    if (!figure) return;
    start(figure).show(Number(button.dataset.seq));
    figure.scrollIntoView({ block: 'nearest', behavior: 'instant' });
  });

  /** A link to a verdict, or to a skipped one, opens it. */
  const open = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    const details = target.closest('details') ?? target.querySelector('details');
    if (details) details.open = true;
    target.scrollIntoView({ behavior: 'instant' });
  };
  addEventListener('hashchange', open);
  open();
})();
