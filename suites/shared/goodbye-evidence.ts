import type { EventBodyAt, EventOf, HistoryView } from '../../harness/contract.js';

type End = Extract<EventOf<'connection'>, { what: 'end' }>;

/** How one client that was connected at the stop signal was sent away. */
export interface Parting {
  readonly conn: number;
  /** What said so in the protocol: a close frame, the orderly end of an answer's body, an event that tells it. */
  readonly goodbye: EventOf<'message'> | undefined;
  /** The server's own end of the connection. */
  readonly end: End | undefined;
  /** The last thing that came was an event of a name that none had before the signal: what it means is not ours to say. */
  readonly unknownWord: boolean;
}

/** Of all clients that were connected when the signal came. */
export function partingsOf(history: HistoryView, signalAt: number): Parting[] {
  const connections = history.of('connection').filter(({ gate }) => gate === 'clients');
  const ends = connections.filter((event): event is End => event.what === 'end');
  const down = history.of('message').filter(({ gate, dir }) => gate === 'clients' && dir === 'down');
  const before = down.filter(({ t }) => t < signalAt);
  // A feed that is full of such words says nothing by one more.
  const wordy = before.some(({ notice }) => notice);
  const names = new Set(before.map(nameOf));
  return connections.flatMap(({ what, conn, t }) => {
    const end = ends.find((event) => event.conn === conn);
    if (what !== 'start' || t >= signalAt || (end && end.t < signalAt)) return [];
    const after = down.filter((event) => event.conn === conn && event.t >= signalAt);
    const goodbye = after.find(({ opcode, notice }) => opcode === 'close' || (notice === true && !wordy));
    const last = after.findLast(({ opcode }) => opcode === 'text');
    const name = last && nameOf(last);
    return [
      {
        conn,
        goodbye,
        end: end?.by === 'server' ? end : undefined,
        unknownWord: name !== undefined && !names.has(name),
      },
    ];
  });
}

function nameOf({ fields }: EventOf<'message'>): string | undefined {
  const name = fields?.event;
  return typeof name === 'object' && name !== null ? name.hash : undefined;
}

/** What a bare end comes without, by protocol. */
export const NO_GOODBYE: Readonly<Record<string, string>> = {
  websocket: 'no close frame',
  sse: "neither an event that says so nor their answer's orderly end",
  grpc: 'neither GOAWAY nor the status of their call',
};

/** By what the clients were told. */
export function wordsOf(protocol: string, goodbyes: readonly EventOf<'message'>[]): string | undefined {
  const words = goodbyes.filter(({ opcode }) => opcode !== 'close').length;
  const aways = goodbyes.filter(({ stream }) => stream === undefined).length;
  const inOrder = goodbyes.length - words;
  const byProtocol: Readonly<Record<string, string>> = {
    websocket: `got a close frame (${goodbyes[0]?.closeCode ?? 'no code'})`,
    sse: `were told: ${words} by an event, ${inOrder} by their answer's end`,
    grpc: `were told: ${aways} by GOAWAY, ${inOrder - aways} by the end of their call`,
  };
  return byProtocol[protocol];
}

/** A client that was there at the signal, and what came to it then. */
export function partingStory(...words: readonly EventBodyAt[]): EventBodyAt[] {
  const where = { type: 'connection', gate: 'clients', conn: 1 } as const;
  return [
    [0, { ...where, what: 'start' }],
    [10, { type: 'fault', fault: 'stop', what: 'bite', who: 's', facts: {} }],
    ...words,
    [21, { ...where, what: 'end', by: 'server', how: 'FIN', upBytes: 0, downBytes: 0 }],
  ];
}
