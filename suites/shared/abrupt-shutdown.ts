import type { HistoryEvent } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';

export default defineCheck({
  id: 'abrupt-shutdown',
  protocols: ['websocket'],
  level: 'MUST',
  antiPattern: 6,
  role: 'server',
  scenario: 'shutdown',
  title: 'MUST say goodbye in the protocol before it ends its connections on the stop signal',
  why: 'A client that gets a close frame can leave in order and come back spread out. One that gets a bare reset sees an error, and all of them see it in the same instant.',
  fix: 'Handle the stop signal: stop listening, send each client a close frame with 1001 (going away) or 1012 (service restart), wait for the answers, then exit.',
  source:
    'RFC 6455 7.4.1: "1001 indicates that an endpoint is \'going away\', such as a server going down". CHECKLIST rule 15: any close frame before the end is not abrupt',
  measured: {
    clients: 'connections',
    polite: 'connections',
    closeCode: 'code',
    ended: 'FIN | RST | none',
    graceMs: 'ms',
  },
  expect: {},
  needs: [],
  implies: ['hung-shutdown'],
  judge(history) {
    const signal = history.bites('stop')[0];
    if (!signal) return inconclusive('the stop signal found no living process');
    const starts = history.of('connection').filter((event) => event.gate === 'clients' && event.what === 'start');
    const early = history
      .of('connection')
      .filter((event) => event.gate === 'clients' && event.what === 'end' && event.t < signal.t);
    const conns = starts
      .filter((start) => start.t < signal.t && !early.some((end) => end.conn === start.conn))
      .map(({ conn }) => conn);
    if (conns.length === 0) return inconclusive('no client was still connected when the signal came');
    const unread = history.of('undecodable').find((event) => event.gate === 'clients' && event.dir === 'down');
    const rude: HistoryEvent[] = [];
    const goodbyes: { code: number | undefined; afterMs: number; event: HistoryEvent }[] = [];
    let open = 0;
    let how: string | null = null;
    for (const conn of conns) {
      const end = history
        .of('connection')
        .find((event) => event.gate === 'clients' && event.conn === conn && event.what === 'end');
      const close = history
        .of('message')
        .find(
          (event) =>
            event.gate === 'clients' && event.conn === conn && event.dir === 'down' && event.opcode === 'close',
        );
      if (close && close.t >= signal.t)
        goodbyes.push({ code: close.closeCode, afterMs: close.t - signal.t, event: close });
      else if (end && end.what === 'end' && end.by === 'server') {
        rude.push(end);
        how = end.how;
      } else open += 1;
    }
    const first = goodbyes[0];
    const measured = {
      clients: conns.length,
      polite: goodbyes.length,
      closeCode: first?.code ?? null,
      ended: how,
      graceMs: first ? Math.round(first.afterMs) : null,
    };
    if (unread && rude.length > 0)
      return inconclusive(`what the server sent could not be decoded: ${unread.reason}`, {
        measured,
        because: [unread],
      });
    if (rude.length > 0) {
      return fail(`${rude.length} of ${conns.length} clients got a bare ${how} and no close frame`, {
        measured,
        because: [signal, ...rude.slice(0, 3)],
      });
    }
    if (open > 0) {
      return fail(`${open} of ${conns.length} clients were told nothing while the server stayed`, {
        measured,
        because: [signal],
      });
    }
    return pass(
      `all ${conns.length} clients got a close frame (${first?.code ?? 'no code'}), the first after ${inWords(first?.afterMs ?? 0)}`,
      {
        measured,
        because: [signal, ...goodbyes.slice(0, 3).map(({ event }) => event)],
      },
    );
  },
  examples: {
    pass: [
      [0, { type: 'connection', gate: 'clients', conn: 1, what: 'start' }],
      [10, { type: 'fault', fault: 'stop', what: 'bite', who: 's', facts: {} }],
      [
        20,
        {
          type: 'message',
          gate: 'clients',
          conn: 1,
          dir: 'down',
          opcode: 'close',
          bytes: 2,
          hash: '',
          closeCode: 1001,
        },
      ],
      [
        21,
        {
          type: 'connection',
          gate: 'clients',
          conn: 1,
          what: 'end',
          by: 'server',
          how: 'FIN',
          upBytes: 0,
          downBytes: 0,
        },
      ],
    ],
    fail: [
      [0, { type: 'connection', gate: 'clients', conn: 1, what: 'start' }],
      [10, { type: 'fault', fault: 'stop', what: 'bite', who: 's', facts: {} }],
      [
        21,
        {
          type: 'connection',
          gate: 'clients',
          conn: 1,
          what: 'end',
          by: 'server',
          how: 'FIN',
          upBytes: 0,
          downBytes: 0,
        },
      ],
    ],
  },
});
