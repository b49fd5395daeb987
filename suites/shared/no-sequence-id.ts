import type { EventOf, HistoryView } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { countable } from '../../harness/heartbeats.js';
import { type IdField, idsAt, keyOf } from '../../harness/id-field.js';
import { streamOf } from '../../harness/sequence.js';

const ENOUGH = 50;
const COVERAGE = 0.99;

export default defineCheck({
  id: 'no-sequence-id',
  protocols: ['websocket', 'sse', 'grpc'],
  patterns: ['server-streaming', 'bidirectional'],
  inProtocol: {
    grpc: {
      fix: 'Give the message a number (`uint64 seq`) without gaps, the same for every client, and let the request name the last one (`after`).',
    },
    sse: {
      fix: 'Send an `id:` with each event, numbered without gaps, the same for every client, and take it back in Last-Event-ID.',
    },
  },
  level: 'MUST',
  antiPattern: 5,
  role: 'server',
  scenario: 'stream',
  title: 'MUST give each message an id that lets a client tell what it missed',
  why: 'Without ids a client that was away cannot know what it missed, cannot ask for it, and cannot tell a repeat from news.',
  fix: 'Number the messages of each stream without gaps, the same number for every client, and take the last one back at reconnection.',
  source:
    'CHECKLIST rule 8: unique, the same on both connections for the same message, and dense or accepted by `resume`; 50 messages at least',
  measured: {
    field: 'JSON pointer',
    kind: 'dense | declared | opaque | time | none',
    coverage: 'share',
    messages: 'count',
  },
  expect: { minMessages: ENOUGH },
  samples: 'messages',
  unless: (target) =>
    target.delivery === 'latest' ? 'delivery is declared `latest`: messages may be dropped' : undefined,
  judge(history, { target, expect }) {
    const none = history.of('obstacle').find(({ code }) => code === 'NO_STREAM');
    if (none) return skipped(`${none.text}; needs --subscribe`);
    const heartbeats = new Set(Object.values(history.measures('heartbeat words')[0]?.facts ?? {}).map(String));
    const [left, right] = ['victim', 'witness'].map((gate) => before(history, gate, heartbeats));
    const seen = Math.min(left?.length ?? 0, right?.length ?? 0);
    if (!left || !right || seen < (expect.minMessages ?? ENOUGH)) {
      return inconclusive(`only ${seen} messages came on both sessions, ${expect.minMessages} are needed`, {
        measured: { messages: seen },
      });
    }
    const stream = streamOf(left, {
      declared: target.sequence,
      resume: target.resume,
      other: right,
      own: own(history),
    });
    const name = stream.field && [stream.field.pointer, stream.field.by].filter(Boolean).join(' by ');
    const measured = {
      field: name ?? null,
      kind: stream.kind,
      coverage: Math.round(stream.coverage * 1000) / 1000,
      messages: seen,
    };
    const because = [...left.slice(0, 2), ...right.slice(0, 2)];
    // MQTT: at QoS 1 "the Server MUST … treat the PUBLISH Packet as unacknowledged until it has received the corresponding PUBACK"
    // [MQTT-4.3.2-1]: what was missed is told without a number for the application.
    if (target.sequence === undefined && stream.field === undefined && left.every(({ repeat }) => repeat))
      return inconclusive(
        'no field identifies a message, but the subprotocol acknowledges each, and a session that the server keeps goes on from there: name the publishers’ own id with --sequence',
        { measured },
      );
    switch (stream.kind) {
      case 'undecodable':
        return relayed(left, history)
          ? fail('passes on what clients send and adds no id of its own', {
              measured: { ...measured, kind: 'none' },
              because,
              confidence: 'medium',
            })
          : inconclusive('the messages are not JSON, so no id can be looked for', { measured });
      case 'none':
        return fail(
          target.sequence === undefined
            ? 'no field identifies a message'
            : `no message has the declared field "${target.sequence}"`,
          { measured, because },
        );
      case 'opaque':
        if (target.resume === undefined && history.measures('presented').length === 0) {
          return inconclusive(
            `${name} is unique and the same on both sessions but not dense: declare --resume or --sequence to say whether it is the id`,
            { measured },
          );
        }
        return resumed(history)
          ? pass(`${name} is unique, the same on both sessions, and taken back at a return`, { measured, because })
          : fail(`${name} is unique, but neither dense nor accepted to resume from`, { measured, because });
      case 'time':
        return replayed(history, stream.field)
          ? pass(`${name} is a time, the same on both sessions, and resumes`, { measured, because })
          : fail(`${name} is a time: two messages may have the same, and the server does not resume from it`, {
              measured,
              because,
            });
      default:
        return stream.coverage >= COVERAGE
          ? pass(`${name} identifies ${seen} messages of ${seen}`, { measured, because })
          : fail(`${name} is in only ${Math.round(stream.coverage * 100)} % of the messages`, {
              measured,
              because,
            });
    }
  },
  examples: {
    pass: story((i) => ({ '/seq': 100 + i })),
    fail: story((i) => ({ '/price': (i * 37) % 11 })),
  },
});

/** The server's messages of the baseline, heartbeats aside. */
function before(history: HistoryView, gate: string, heartbeats: ReadonlySet<string>) {
  const cut = history.phaseAt('fault') ?? Number.POSITIVE_INFINITY;
  const data = history
    .of('message')
    .filter(
      (event) =>
        event.gate === gate &&
        event.dir === 'down' &&
        event.t < cut &&
        (event.opcode === 'text' || event.opcode === 'binary'),
    );
  return countable(data, heartbeats);
}

/** Every value that a session of ours sent in the baseline (later ones present ids), and every message as a whole. */
function own(history: HistoryView): Set<string> {
  const cut = history.phaseAt('fault') ?? Number.POSITIVE_INFINITY;
  const sent = history.of('message').filter((event) => event.dir === 'up' && event.t < cut);
  return new Set(sent.flatMap((event) => [`s${event.hash}`, ...Object.values(event.fields ?? {}).map(keyOf)]));
}

function relayed(messages: readonly EventOf<'message'>[], history: HistoryView): boolean {
  const sent = own(history);
  return messages.filter((event) => sent.has(`s${event.hash}`)).length >= COVERAGE * messages.length;
}

function resumed(history: HistoryView): boolean {
  const back = history.of('session').find((event) => event.name === 'resumed' && event.what === 'open');
  return back !== undefined && history.measures('presented').length > 0;
}

/** Something that passed while the session was cut came at its return. */
function replayed(history: HistoryView, field: IdField | undefined): boolean {
  const [cut, back] = [history.phaseAt('fault', 'cut'), history.phaseAt('recovery')];
  if (field === undefined || cut === undefined || back === undefined) return false;
  const ids = (gate: string, from: number, to: number) =>
    history
      .of('message')
      .filter((event) => event.gate === gate && event.dir === 'down' && event.t >= from && event.t < to)
      .flatMap(({ fields }) => idsAt(fields, field).map(({ key }) => key));
  const missed = new Set(ids('witness', cut, back));
  return ids('victim', back, Number.POSITIVE_INFINITY).some((key) => missed.has(key));
}

function story(fields: (i: number) => Record<string, number>) {
  return Array.from({ length: 120 }, (_, n) => {
    const i = Math.floor(n / 2);
    const gate = n % 2 === 0 ? 'victim' : 'witness';
    return [
      i * 100,
      {
        type: 'message',
        gate,
        conn: 1,
        dir: 'down',
        opcode: 'text',
        bytes: 20,
        hash: `m${i}`,
        form: 'json',
        fields: fields(i),
      },
    ] as const;
  });
}
