// Draws one picture's lanes on uPlot's canvas: connections as bars, attempts as dots, faults as shaded bands, messages as ticks.
(() => {
  globalThis.holdfast ??= {};
  const { holdfast } = globalThis;
  const ROW = 18;
  const THIN_ROW = 10;
  const CROWD = 56;
  const GAP = 5;
  const TICKS = {
    down: { name: 'message to the client', color: 'down', side: -1 },
    up: { name: 'message to the server', color: 'up', side: 1 },
    beatDown: { name: 'heartbeat to the client', color: 'beat', side: -1 },
    beatUp: { name: 'heartbeat to the server', color: 'beat', side: 1 },
    closeDown: { name: 'close frame to the client', color: 'bad', side: -1 },
    closeUp: { name: 'close frame to the server', color: 'bad', side: 1 },
  };
  const BARS = { open: 'open', other: 'quiet', refused: 'vain', mute: 'vain' };
  const STRAYS = { lost: 'L', duplicated: 'D', reordered: 'R' };

  /** From the top: what the verdict rests on, one row a fault, then the lanes. Heights in CSS pixels. */
  holdfast.rowsOf = (picture, events) => {
    const rows = [];
    let top = 0;
    const add = (row, height) => {
      rows.push({ ...row, top, height });
      top += height + GAP;
    };
    if (events.length > 0) add({ kind: 'evidence', name: 'evidence' }, ROW);
    for (const fault of picture.faults) add({ kind: 'fault', name: fault.fault, fault }, ROW - 4);
    for (const lane of picture.lanes) {
      const height = lane.crowd ? CROWD : lane.rows > 1 ? lane.rows * THIN_ROW : ROW;
      add({ kind: 'lane', name: lane.name, lane, times: timesOf(lane.ticks) }, height);
    }
    return { rows, height: top };
  };

  /** Ticks are saved as differences. */
  function timesOf(ticks) {
    const sums = (list) => {
      let at = 0;
      return list.map((difference) => {
        at += difference;
        return at;
      });
    };
    return Object.fromEntries(Object.entries(ticks).map(([kind, list]) => [kind, sums(list)]));
  }

  holdfast.drawLanes = (u, picture, layout, events, palette) => {
    const { ctx, bbox } = u;
    const scale = devicePixelRatio;
    const x = (ms) => u.valToPos(ms, 'x', true);
    const y = (px) => bbox.top + px * scale;
    const span = (from, to, least = 2) => [x(from), Math.max(least * scale, x(to) - x(from))];
    ctx.save();
    ctx.font = `${11 * scale}px system-ui, sans-serif`;
    ctx.textBaseline = 'middle';
    ctx.textAlign = 'left';
    for (const { name, top, height, kind } of layout.rows) {
      ctx.save();
      ctx.beginPath();
      ctx.rect(0, y(top), bbox.left, height * scale);
      ctx.clip();
      ctx.fillStyle = kind === 'fault' ? palette.fault : palette.text;
      ctx.fillText(name, 2 * scale, y(top + height / 2), Math.max(bbox.left - 6 * scale, 60 * scale));
      ctx.restore();
    }
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const row of layout.rows.filter(({ kind }) => kind === 'fault')) drawBands(row);
    for (const row of layout.rows.filter(({ kind }) => kind === 'lane')) drawLane(row);
    drawStrays();
    drawEvidence();
    ctx.restore();

    function drawBands({ fault, top, height }) {
      for (const [from, to, , lane] of fault.bands) {
        const [left, width] = span(from, to);
        ctx.fillStyle = palette.fault;
        ctx.fillRect(left, y(top), width, height * scale);
        ctx.globalAlpha = 0.1;
        for (const other of layout.rows)
          if (other.kind === 'lane' && (lane === undefined || other.lane.name === lane))
            ctx.fillRect(left, y(other.top - GAP / 2), width, (other.height + GAP) * scale);
        ctx.globalAlpha = 1;
      }
      ctx.fillStyle = palette.page;
      for (const at of fault.bites) ctx.fillRect(x(at) - scale / 2, y(top + 3), scale, (height - 6) * scale);
    }

    function drawLane({ lane, times, top, height }) {
      ctx.fillStyle = palette.line;
      ctx.fillRect(bbox.left, y(top + height + GAP / 2), bbox.width, scale / 2);
      if (lane.crowd) drawCrowd(lane.crowd, top, height);
      const rowHeight = height / lane.rows;
      for (const bar of lane.bars) drawBar(bar, top + bar.row * rowHeight, rowHeight, lane.kind);
      for (const [kind, list] of Object.entries(times)) {
        const { color, side } = TICKS[kind];
        ctx.fillStyle = palette[color];
        const half = height / 2;
        const from = side < 0 ? top + 1 : top + half;
        const width = color === 'down' || color === 'up' ? 1 : 2;
        for (const at of list) ctx.fillRect(x(at) - (width * scale) / 2, y(from), width * scale, (half - 1) * scale);
      }
      for (const bar of lane.bars)
        if (lane.kind !== 'process') drawAttempt(bar, top + (bar.row + 0.5) * rowHeight, Math.min(4.5, rowHeight / 2));
      for (const { atMs, bad } of lane.marks)
        drawDiamond(x(atMs), y(top + height / 2), 6 * scale, bad ? 'bad' : 'text');
    }

    function drawBar({ fromMs, toMs, state, by, how }, top, height, kind) {
      const [left, width] = span(fromMs, toMs, 1);
      ctx.fillStyle = kind === 'process' ? palette.line : palette[BARS[state]];
      ctx.fillRect(left, y(top + height * 0.3), width, height * 0.4 * scale);
      if (how !== 'FIN' && how !== 'RST') return;
      // Whose end it was by colour, how it came by form: a bar for FIN, a cross for RST.
      ctx.strokeStyle = ctx.fillStyle = by === 'gate' ? palette.fault : palette.text;
      const [end, middle, arm] = [left + width, y(top + height / 2), Math.min(4, height / 3) * scale];
      if (how === 'FIN') return ctx.fillRect(end - scale, middle - arm, 2 * scale, 2 * arm);
      ctx.lineWidth = 1.5 * scale;
      ctx.beginPath();
      ctx.moveTo(end - arm, middle - arm);
      ctx.lineTo(end + arm, middle + arm);
      ctx.moveTo(end + arm, middle - arm);
      ctx.lineTo(end - arm, middle + arm);
      ctx.stroke();
    }

    /** Filled where a session began; a ring where none did. */
    function drawAttempt({ fromMs, state }, middle, radius) {
      ctx.beginPath();
      ctx.arc(x(fromMs), y(middle), radius * scale, 0, 2 * Math.PI);
      ctx.fillStyle = state === 'open' ? palette.open : palette.page;
      ctx.fill();
      ctx.lineWidth = 1.5 * scale;
      ctx.strokeStyle = state === 'open' ? palette.page : state === 'other' ? palette.quiet : palette.bad;
      ctx.stroke();
    }

    /** Below, how many there were; above it, how many began in each step. */
    function drawCrowd({ stepMs, began, inVain, open }, top, height) {
      const most = Math.max(1, ...open);
      const peak = Math.max(1, ...began);
      const base = top + height;
      const bars = (list, of, color) => {
        ctx.fillStyle = palette[color];
        list.forEach((count, index) => {
          if (count === 0) return;
          const [left, width] = span(index * stepMs, (index + 1) * stepMs, 1);
          const tall = Math.max(1, (count / of) * height);
          ctx.fillRect(left, y(base - tall), width, tall * scale);
        });
      };
      ctx.globalAlpha = 0.3;
      bars(open, most, 'open');
      ctx.globalAlpha = 1;
      const narrow = (list, color) => {
        ctx.fillStyle = palette[color];
        list.forEach((count, index) => {
          if (count === 0) return;
          const [left, width] = span(index * stepMs, (index + 1) * stepMs, 1);
          const tall = Math.max(2, (count / peak) * height);
          ctx.fillRect(left + width * 0.3, y(base - tall), Math.max(scale, width * 0.4), tall * scale);
        });
      };
      narrow(began, 'open');
      narrow(inVain, 'bad');
    }

    function drawStrays() {
      ctx.textAlign = 'center';
      for (const { kind, lane, atMs } of picture.strays) {
        const row = layout.rows.find((one) => one.kind === 'lane' && one.name === lane);
        if (!row) continue;
        const middle = row.top + row.height / 2;
        ctx.fillStyle = palette.bad;
        ctx.fillRect(x(atMs) - 6 * scale, y(middle - 7), 12 * scale, 14 * scale);
        ctx.fillStyle = palette.page;
        ctx.fillText(STRAYS[kind], x(atMs), y(middle));
      }
      ctx.textAlign = 'left';
    }

    /** In its own row with its number in the list, and a ring in its lane. */
    function drawEvidence() {
      const row = layout.rows.find(({ kind }) => kind === 'evidence');
      if (!row) return;
      ctx.textAlign = 'center';
      ctx.strokeStyle = ctx.fillStyle = palette.evidence;
      ctx.lineWidth = 1.5 * scale;
      for (const [seq, at, lane] of events) {
        const chosen = seq === u.holdfastChosen;
        ctx.globalAlpha = chosen ? 1 : 0.3;
        ctx.fillRect(x(at) - (chosen ? scale : scale / 2), bbox.top, chosen ? 2 * scale : scale, bbox.height);
        ctx.globalAlpha = 1;
        const place = layout.rows.find((one) => one.kind === 'lane' && one.name === lane);
        if (!place) continue;
        ctx.beginPath();
        ctx.arc(x(at), y(place.top + place.height / 2), 8 * scale, 0, 2 * Math.PI);
        ctx.stroke();
      }
      for (const { left, words, wide } of flags()) {
        ctx.fillStyle = palette.evidence;
        ctx.beginPath();
        ctx.roundRect(left - (wide / 2) * scale, y(row.top), wide * scale, row.height * scale, 9 * scale);
        ctx.fill();
        ctx.fillStyle = palette.page;
        ctx.fillText(words, left, y(row.top + row.height / 2));
      }
      ctx.textAlign = 'left';
    }

    /** Numbers too close to be told apart share a flag. */
    function flags() {
      const made = [];
      events.forEach(([, at], index) => {
        const left = x(at);
        const near = made.find((flag) => Math.abs(flag.left - left) < 30 * scale);
        if (near) near.numbers.push(index + 1);
        else made.push({ left, numbers: [index + 1] });
      });
      return made.map(({ left, numbers }) => ({
        left,
        words: numbers.length === 1 ? String(numbers[0]) : `${numbers[0]} +${numbers.length - 1}`,
        wide: numbers.length === 1 ? 18 : 28 + 7 * String(numbers.length).length,
      }));
    }

    function drawDiamond(centre, middle, size, color) {
      ctx.fillStyle = palette[color];
      ctx.beginPath();
      ctx.moveTo(centre, middle - size);
      ctx.lineTo(centre + size, middle);
      ctx.lineTo(centre, middle + size);
      ctx.lineTo(centre - size, middle);
      ctx.fill();
    }
  };

  holdfast.TICKS = TICKS;
})();
