import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { inMiB, MIB } from '../../harness/numbers.js';

/** "A message that is too big for it to process" [RFC 6455 7.4.1]; RESOURCE_EXHAUSTED [statuscodes.md]. */
const PROTOCOL_CODE: Readonly<Record<string, number>> = { websocket: 1009, grpc: 8 };

export default defineCheck({
  id: 'unbounded-message',
  protocols: ['websocket', 'grpc'],
  level: 'MUST',
  antiPattern: 7,
  role: 'server',
  scenario: 'sizes',
  title: 'MUST refuse a message larger than 64 MiB, however it is sent',
  why: 'A message is buffered whole before the application sees it. Without a limit a single client, or a few kilobytes of compressed zeros, takes all the memory there is.',
  fix: "Set the library's limit to what the application needs (ws: maxPayload; gorilla: SetReadLimit; Python websockets: max_size; tungstenite: max_message_size).",
  source:
    'CHECKLIST; RFC 6455 10.4: "Implementations that have implementation- and/or platform-specific limitations regarding the frame size or total message size after reassembly from multiple frames MUST protect themselves against exceeding those limits."',
  inProtocol: {
    grpc: {
      title: 'MUST refuse a message larger than 64 MiB, and a compressed one that becomes larger',
      fix: "Set the library's limit to what the application needs, and none to unlimited (grpc-js, C-core: grpc.max_receive_message_length; Go: MaxRecvMsgSize; Java: maxInboundMessageSize; tonic: max_decoding_message_size; .NET: MaxReceiveMessageSize): 4 MiB is the default of most.",
      source:
        'CHECKLIST; grpc_types.h, grpc.max_receive_message_length: "Maximum message length that the channel can receive. Int valued, bytes. -1 means unlimited." Libraries refuse with RESOURCE_EXHAUSTED, tonic with OUT_OF_RANGE',
    },
  },
  measured: {
    largestAcceptedBytes: 'bytes',
    how: 'single | fragments | bomb',
    code: 'close code or gRPC status',
    rssGrowthBytes: 'bytes',
  },
  expect: { maxMessageBytes: 64 * MIB },
  judge(history, { expect, target }) {
    const none = history.of('obstacle').find(({ code }) => code === 'NO_LARGE_FIELD');
    if (none) return skipped(none.text);
    const limit = expect.maxMessageBytes ?? 64 * MIB;
    const tried = history.measures('size');
    if (tried.length === 0) return inconclusive('no message could be sent');
    const accepted = tried.filter(({ facts }) => facts.result === 'accepted');
    const refused = tried.filter(({ facts }) => facts.result === 'refused');
    const largest = accepted.reduce<(typeof accepted)[number] | undefined>(
      (best, event) => (best && Number(best.facts.bytes) >= Number(event.facts.bytes) ? best : event),
      undefined,
    );
    const growth = Math.max(0, ...tried.map(({ facts }) => Number(facts.rssGrowthBytes ?? 0)));
    const told = [...refused, ...history.measures('announced')].find(({ facts }) => facts.closeCode !== null);
    const code = told?.facts.closeCode ?? null;
    const measured = {
      largestAcceptedBytes: Number(largest?.facts.bytes ?? 0),
      how: largest ? String(largest.facts.how) : null,
      code,
      rssGrowthBytes: growth,
    };
    const dead = tried.find(({ facts }) => facts.result === 'gone');
    if (dead || history.measures('alive')[0]?.facts.alive === false) {
      return fail(`the server died of a message of ${inMiB(Number((dead ?? tried.at(-1))?.facts.bytes))}`, {
        measured,
        because: tried.slice(-2),
      });
    }
    if (largest && Number(largest.facts.bytes) > limit) {
      const what =
        largest.facts.how === 'bomb'
          ? 'a deflate bomb of 1 GiB'
          : largest.facts.how === 'fragments'
            ? `${inMiB(limit)} and more in 1,000 fragments`
            : `one message of more than ${inMiB(limit)}`;
      return fail(`took ${what}`, { measured, because: [largest] });
    }
    const unread = tried.find(({ facts }) => facts.result === 'unread');
    if (unread) return skipped('the server reads nothing of what clients send', { measured, because: [unread] });
    if (refused.length === 0)
      return inconclusive('nothing larger than the limit could be sent', { measured, because: tried });
    const usual = PROTOCOL_CODE[target.protocol];
    const remark = code === usual ? '' : `, without the protocol's code ${usual} (${code ?? 'none could be read'})`;
    return pass(`refused a message of ${inMiB(Number(refused[0]?.facts.bytes))}${remark}`, {
      measured,
      because: refused,
    });
  },
  examples: {
    pass: [
      [
        10,
        {
          type: 'measure',
          name: 'size',
          facts: { how: 'single', bytes: 16 * MIB, result: 'refused', closeCode: 1009, rssGrowthBytes: 0 },
        },
      ],
    ],
    fail: [
      [
        10,
        {
          type: 'measure',
          name: 'size',
          facts: { how: 'single', bytes: 65 * MIB, result: 'accepted', closeCode: null, rssGrowthBytes: 0 },
        },
      ],
    ],
  },
});
