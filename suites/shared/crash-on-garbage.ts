import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';
import { harmOf, numberOf } from './witness-evidence.js';

export default defineCheck({
  id: 'crash-on-garbage',
  protocols: ['websocket', 'sse', 'grpc'],
  level: 'MUST',
  antiPattern: null,
  role: 'server',
  scenario: 'garbage',
  title: 'MUST survive malformed, truncated and oversized handshakes, requests and frames, and keep its other clients',
  why: 'Whatever is reachable gets scanners, broken clients and worse. An exception that nobody catches ends the process, and with it the sessions of everybody.',
  fix: 'Handle the error of each socket and session, parse messages inside a try, bound what a length or a header may ask for, and keep the library up to date.',
  source:
    'CHECKLIST rule 23: the worker that holds the port keeps pid and start time; garbage from 127.0.0.2 and up, the witness from 127.0.0.1. RFC 6455 10.7: "Incoming data MUST always be validated by both clients and servers." RFC 9112 2.2: "the server SHOULD respond with a 400 (Bad Request) response and close the connection"',
  inProtocol: {
    grpc: {
      title:
        'MUST survive malformed, truncated and oversized prefaces, frames, headers and messages, and keep its other clients',
      source:
        'CHECKLIST rule 23: the worker that holds the port keeps pid and start time; garbage from 127.0.0.2 and up, the witness from 127.0.0.1. RFC 9113 5.4.1: "An endpoint that encounters a connection error SHOULD first send a GOAWAY frame" and close: the connection, not the process',
    },
  },
  measured: {
    sent: 'cases',
    crashes: 'processes',
    workers: 'processes',
    witnessesKept: 'sessions',
    servedMs: 'ms',
    sign: 'push | echo | ping | open',
  },
  expect: { minCases: 200, maxServedMs: 10_000 },
  samples: 'sent',
  decidedBy: [['servedMs', 'maxServedMs']],
  judge(history, { expect }) {
    const bites = history.bites('garbage');
    const after = history.measures('after garbage')[0];
    const sent = bites.reduce((sum, { facts }) => sum + Number(facts.sent), 0);
    if (!after) return inconclusive('what became of the server was not seen', { measured: { sent } });
    const { known, crashes, workers, witnesses, open, sign, servedMs } = after.facts;
    const measured = {
      sent,
      crashes: Number(crashes),
      workers: Number(workers),
      witnessesKept: Number(open),
      servedMs: numberOf(servedMs),
      sign: String(sign),
    };
    const last = bites.at(-1);
    const because = [...(last ? [last] : []), after];
    const details = { measured, because };
    if (Number(crashes) > 0) {
      const culprit = history.measures('culprit')[0];
      // Of what came before it may have died too: a socket left half open, whose reset comes later.
      const by = culprit ? `of ${culprit.facts.kind}` : `after ${sent} cases, the last of them: ${last?.facts.kinds}`;
      const who = Number(workers) > 1 ? `${crashes} of its ${workers} processes died` : 'the server died';
      return fail(`${who} ${by}`, { measured, because: [...because, ...(culprit ? [culprit] : [])] });
    }
    const harm = harmOf(after, details);
    if ((harm || servedMs === null) && after.facts.apart === false)
      return inconclusive('garbage and the others came from one address, which the server may have banned', details);
    if (harm) return harm;
    if (servedMs === null || Number(servedMs) > (expect.maxServedMs ?? 10_000))
      return fail(`took no new client within ${inWords(expect.maxServedMs ?? 10_000)} afterwards`, details);
    // What did not arrive proves nothing (rule 4).
    if (sent < (expect.minCases ?? 200))
      return inconclusive(`only ${sent} of the cases arrived: the server let no more in`, details);
    // A process that can't be seen lives if the sessions that it held do.
    return pass(`lived through ${sent} cases, and ${witnesses} other clients kept their stream`, {
      measured,
      because,
      ...(known === true ? {} : { confidence: 'medium' }),
    });
  },
  examples: { pass: story(0, 6), fail: story(1, 0) },
});

function story(crashes: number, open: number) {
  const others = { known: true, workers: 1, witnesses: 6, sign: 'push', servedMs: 5, endAnyway: false };
  const facts = { ...others, crashes, open, going: open };
  return [
    [0, { type: 'fault', fault: 'garbage', what: 'bite', who: 'garbage-1', facts: { sent: 250, kinds: 'opcode 3' } }],
    [9000, { type: 'measure', name: 'after garbage', facts }],
  ] as const;
}
