// The page of a session: shows what the stream tells, and asks by the HTTP API (docs/session.md). Text only ever becomes text.
(() => {
  const ROW_PX = 24;
  const MOST_EVENTS = 5000;
  const SHOWN_EVENTS = 300;
  const SQUARE_PX = 8;

  const at = (id) => document.getElementById(id);
  const make = (name, text, ...children) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    element.append(...children);
    return element;
  };

  const lanes = new Map();
  const rows = [];
  let order = [];
  let page;
  let sessionT = 0;
  let toldAtMs = performance.now();
  let events = [];
  let dirty = { lanes: false, log: false };

  function say(text) {
    at('said').textContent = text ?? '';
    at('said').hidden = text === undefined;
  }

  async function ask(path, body) {
    const answer = await fetch(`api/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const facts = await answer.json();
    if (!answer.ok) throw new Error(facts.error);
    return facts;
  }

  async function attempt(path, body) {
    try {
      say(undefined);
      return await ask(path, body);
    } catch (error) {
      say(error.message);
      return undefined;
    }
  }

  // ---------------------------------------------------------------- faults

  function control({ fault, about, parameters, scopes, instant }) {
    const form = make('form');
    form.dataset.fault = fault;
    const details = make('details', undefined, make('summary', fault), make('p', about));
    const fields = parameters.map((parameter) => ({ parameter, field: fieldOf(parameter) }));
    for (const { parameter, field } of fields) details.append(labelled(parameter.name, field, parameter.unit));
    const scope = choice(['all', ...scopes.filter((one) => one !== 'all')]);
    const share = number(50);
    const conn = number(1);
    const duration = number('');
    const delay = number('');
    const times = number(1);
    const gap = number('');
    if (scopes.length > 1) details.append(labelled('on', scope, 'all, a share, or one connection'));
    if (scopes.includes('share')) details.append(labelled('share in %', share, 'chosen by the seed'));
    if (scopes.includes('one')) details.append(labelled('connection #', conn, 'its number in the list'));
    if (!instant) details.append(labelled('for, in s', duration, 'heals by itself; empty: until you heal it'));
    details.append(labelled('in, in s', delay, 'later'), labelled('times', times, 'how often'));
    details.append(labelled('every, in s', gap, 'from one time to the next'));
    const button = make('button', fault);
    button.type = 'submit';
    form.append(details, button);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const chosen = { all: 'all', share: { share: Number(share.value) / 100 }, one: { conn: Number(conn.value) } };
      const asked = { page, fault, params: {}, scope: chosen[scope.value], times: Number(times.value) };
      for (const { parameter, field } of fields) asked.params[parameter.name] = fieldValue(parameter, field);
      const ms = { forMs: duration, inMs: delay, everyMs: gap };
      for (const [name, field] of Object.entries(ms)) if (field.value !== '') asked[name] = Number(field.value) * 1000;
      attempt('inject', asked);
    });
    return form;
  }

  function labelled(text, field, title) {
    const label = make('label', text, field);
    label.title = title;
    return label;
  }

  function number(value) {
    const field = make('input');
    field.type = 'number';
    field.min = '0';
    field.step = 'any';
    field.value = value;
    return field;
  }

  function choice(words) {
    return make('select', undefined, ...words.map((word) => make('option', word)));
  }

  function fieldOf({ value, choices }) {
    if (choices) {
      const field = choice(choices);
      field.value = value;
      return field;
    }
    if (typeof value !== 'boolean') return number(value);
    const field = make('input');
    field.type = 'checkbox';
    field.checked = value;
    return field;
  }

  function fieldValue({ value, choices }, field) {
    if (choices) return field.value;
    if (typeof value === 'boolean') return field.checked;
    return field.value === '' ? null : Number(field.value);
  }

  let shownActs = '';
  function showActs(acts) {
    const text = JSON.stringify(acts);
    if (text === shownActs) return;
    shownActs = text;
    at('acts').replaceChildren(
      ...acts.map(({ act, fault, state, left, scope }) => {
        const on = scope === 'all' ? 'all' : 'share' in scope ? `${Math.round(scope.share * 100)} %` : `#${scope.conn}`;
        const heal = make('button', 'heal');
        heal.type = 'button';
        heal.addEventListener('click', () => attempt('heal', { act }));
        return make('li', `${fault} on ${on}, ${state}${left > 0 ? `, ${left} to come` : ''}`, heal);
      }),
    );
  }

  // ---------------------------------------------------------------- connections

  function rowAt(index) {
    while (rows.length <= index) {
      const cells = Array.from({ length: 8 }, () => make('span'));
      const row = make('div', undefined, ...cells);
      row.className = 'lane';
      at('room').append(row);
      rows.push({ row, cells });
    }
    return rows[index];
  }

  function seconds(ms) {
    const whole = Math.max(0, Math.round(ms / 1000));
    return whole < 600 ? `${whole} s` : `${Math.floor(whole / 60)} min`;
  }

  function bytes(count) {
    return count < 10_000
      ? `${count} B`
      : count < 10_000_000
        ? `${Math.round(count / 1000)} kB`
        : `${Math.round(count / 1_000_000)} MB`;
  }

  function drawLanes() {
    const box = at('lanes');
    const first = Math.floor(box.scrollTop / ROW_PX);
    const count = Math.min(order.length - first, Math.ceil(box.clientHeight / ROW_PX) + 1);
    const nowT = sessionT + performance.now() - toldAtMs;
    at('room').style.height = `${order.length * ROW_PX}px`;
    for (let i = 0; i < count; i++) {
      const lane = lanes.get(order[first + i]);
      const { row, cells } = rowAt(i);
      const texts = [
        lane.conn,
        lane.state,
        seconds((lane.endT ?? nowT) - lane.startT),
        bytes(lane.upBytes),
        bytes(lane.downBytes),
        `${lane.upMessages} / ${lane.downMessages}`,
        lane.latencyMs === null ? '' : `${lane.latencyMs} ms`,
        [lane.ended, lane.closeCode === null ? null : `close ${lane.closeCode}`].filter(Boolean).join(', '),
      ];
      texts.forEach((text, cell) => {
        const wanted = String(text);
        if (cells[cell].textContent !== wanted) cells[cell].textContent = wanted;
      });
      row.dataset.state = lane.state;
      row.dataset.conn = lane.conn;
      row.style.transform = `translateY(${(first + i) * ROW_PX}px)`;
      row.hidden = false;
    }
    for (let i = Math.max(0, count); i < rows.length; i++) rows[i].row.hidden = true;
  }

  function drawOverview() {
    const canvas = at('overview');
    const style = getComputedStyle(document.documentElement);
    const colours = { open: '--good', connecting: '--busy', ended: '--bad' };
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const pen = canvas.getContext('2d');
    pen.clearRect(0, 0, width, height);
    const aRow = Math.max(1, Math.floor(width / SQUARE_PX));
    for (const [state, name] of Object.entries(colours)) {
      pen.fillStyle = style.getPropertyValue(name);
      order.forEach((conn, i) => {
        if (lanes.get(conn).state !== state) return;
        pen.fillRect((i % aRow) * SQUARE_PX, Math.floor(i / aRow) * SQUARE_PX, SQUARE_PX - 2, SQUARE_PX - 2);
      });
    }
  }

  function takeState({ t, totals, acts, lanes: changed, gone }) {
    sessionT = t;
    toldAtMs = performance.now();
    const before = lanes.size;
    for (const lane of changed) lanes.set(lane.conn, lane);
    for (const conn of gone) lanes.delete(conn);
    if (lanes.size !== before || gone.length > 0) order = [...lanes.keys()].sort((a, b) => b - a);
    const { live, accepted, attemptsPer10s, upPerS, downPerS, latencyMs } = totals;
    at('totals').textContent =
      `${live} open of ${accepted} that came; ${attemptsPer10s} attempts in 10 s; ${upPerS} messages/s up, ${downPerS}/s down; latency ${latencyMs === null ? 'not seen' : `${latencyMs} ms`}`;
    showActs(acts);
    dirty.lanes = true;
  }

  // ---------------------------------------------------------------- verdicts and events

  function showVerdicts(verdicts) {
    const item = ({ check, outcome, actual, reason, expected }) => {
      const line = make('li', undefined, make('b', outcome), ` ${check}: ${reason ?? actual}`);
      line.dataset.outcome = outcome;
      line.dataset.check = check;
      line.title = expected;
      return line;
    };
    const seen = verdicts.filter(({ outcome }) => outcome !== 'skipped');
    const unseen = verdicts.filter(({ outcome }) => outcome === 'skipped');
    at('verdicts').replaceChildren(...seen.map(item));
    at('unseen').replaceChildren(...unseen.map(item));
    at('unseen-title').textContent = `${unseen.length} that this session has not shown`;
  }

  function lineOf(event) {
    const { seq: _, t, scenario: __, type, fields: ___, ...facts } = event;
    const words = Object.entries(facts).map(
      ([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`,
    );
    return `${(t / 1000).toFixed(3)} ${type} ${words.join(' ')}`;
  }

  function drawLog() {
    const wanted = at('filter').value.toLowerCase();
    const shown = [];
    for (let i = events.length - 1; i >= 0 && shown.length < SHOWN_EVENTS; i--) {
      if (wanted === '' || events[i].toLowerCase().includes(wanted)) shown.push(make('li', events[i]));
    }
    at('log').replaceChildren(...shown);
  }

  function draw() {
    if (dirty.lanes) {
      drawLanes();
      drawOverview();
    }
    if (dirty.log) drawLog();
    dirty = { lanes: false, log: false };
    requestAnimationFrame(draw);
  }

  // ---------------------------------------------------------------- the stream

  function listen() {
    const stream = new EventSource('api/stream');
    const on = (name, take) => stream.addEventListener(name, (event) => take(JSON.parse(event.data)));
    on('hello', (hello) => {
      page = hello.page;
      lanes.clear();
      events = [];
      say(undefined);
    });
    on('state', takeState);
    on('verdicts', showVerdicts);
    on('log', (more) => {
      events.push(...more.map(lineOf));
      if (events.length > MOST_EVENTS) events.splice(0, events.length - MOST_EVENTS);
      dirty.log = true;
    });
    // By what arrives, not by a timer: those of a page in the background sleep.
    on('beat', () => {
      ask('beat', { page })
        .then(({ known }) => {
          if (known) return;
          stream.close();
          listen();
        })
        .catch(() => undefined);
    });
    stream.onerror = () => say('the session does not answer: it has ended, or it is stopped');
  }

  async function begin() {
    const session = await (await fetch('api/session')).json();
    at('name').textContent = `session with ${session.name}, seed ${session.seed}`;
    at('address').textContent = session.clientsGoTo;
    at('controls').append(...session.faults.map(control));
    listen();
  }

  at('cut').addEventListener('click', () => attempt('inject', { page, fault: 'reset' }));
  at('heal').addEventListener('click', () => attempt('heal', {}));
  at('end').addEventListener('click', () => attempt('end', {}));
  at('filter').addEventListener('input', () => {
    dirty.log = true;
  });
  at('lanes').addEventListener('scroll', () => {
    dirty.lanes = true;
  });
  begin().catch((error) => say(error.message));
  requestAnimationFrame(draw);
})();
