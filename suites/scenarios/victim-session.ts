import type { EventBody, Gate, GateConnection } from '../../harness/contract.js';
import { isInfrastructure } from '../../harness/grpc-services.js';

/** A session: a connection of a client, and of gRPC one call on it. */
export interface VictimSession {
  readonly connection: GateConnection;
  readonly call?: StreamingCall;
}

/** A call whose answer streams, as its gate sees it. */
export interface StreamingCall {
  readonly conn: number;
  readonly stream: number;
  readonly rpc: string;
  messages: number;
  ended: boolean;
}

/** The sessions of one client at a gate. */
export interface Sessions {
  /** For the gate's `onEvent`. */
  see(event: EventBody): void;
  /** The newest that goes on. */
  live(gate: Gate): VictimSession | undefined;
  hasEnded(session: VictimSession): boolean;
  /** From now on: whether the session, or one that began after it, has brought so much more. */
  goesOn(gate: Gate, session: VictimSession): (atLeast: number) => boolean;
}

export function sessionsOf(protocol: string): Sessions {
  return protocol === 'grpc' ? new Calls() : connections;
}

/** A session is a connection; what it brings is told by the reads of the server's side. */
const connections: Sessions = {
  see: () => {},
  live: liveConnection,
  hasEnded: ({ connection }) => connection.ended,
  goesOn(gate) {
    const seen = new Map(gate.live.map(({ id, downChunks }) => [id, downChunks]));
    return (atLeast) => {
      const now = liveConnection(gate)?.connection;
      return now !== undefined && now.downChunks >= (seen.get(now.id) ?? 0) + atLeast;
    };
  },
};

function liveConnection(gate: Gate): VictimSession | undefined {
  const connection = gate.live.find(({ downBytes, ended }) => downBytes > 0 && !ended);
  return connection && { connection };
}

/** Of gRPC a call, which ends without its connection: neither PINGs nor other calls on it are signs that it goes on. */
class Calls implements Sessions {
  private readonly calls = new Map<string, StreamingCall>();

  see(event: EventBody): void {
    if (event.type === 'handshake' && event.dir === 'up' && event.rpc !== undefined && event.stream !== undefined) {
      const { conn, stream, rpc } = event;
      this.calls.set(`${conn}/${stream}`, { conn, stream, rpc, messages: 0, ended: isInfrastructure(rpc) });
    }
    if (event.type === 'connection' && event.what === 'end')
      for (const call of this.calls.values()) call.ended ||= call.conn === event.conn;
    if ((event.type !== 'message' && event.type !== 'frame') || event.stream === undefined) return;
    const call = this.calls.get(`${event.conn}/${event.stream}`);
    if (!call) return;
    if (event.type === 'frame') call.ended ||= event.frame === 'RST_STREAM';
    else if (event.dir === 'down' && event.opcode === 'binary') call.messages += 1;
    else if (event.dir === 'down' && event.opcode === 'close') call.ended = true;
  }

  live(gate: Gate): VictimSession | undefined {
    const call = [...this.calls.values()].findLast(({ messages, ended }) => messages > 0 && !ended);
    const connection = gate.live.find(({ id, ended }) => id === call?.conn && !ended);
    return call && connection && { connection, call };
  }

  hasEnded({ connection, call }: VictimSession): boolean {
    return connection.ended || call?.ended === true;
  }

  goesOn(_: Gate, session: VictimSession): (atLeast: number) => boolean {
    const since = () => {
      const all = [...this.calls.values()];
      return session.call ? all.slice(all.indexOf(session.call)) : all;
    };
    const seen = new Map(since().map((call) => [call, call.messages]));
    return (atLeast) => since().some((call) => !call.ended && call.messages >= (seen.get(call) ?? 0) + atLeast);
  }
}
