import { waitFor } from '../clock.js';
import type { GateConnection } from '../contract.js';

const PATIENCE_MS = 5000;
const STEP_MS = 5;

/**
 * Puts HTTP/2 frames between two of the server's, and PINGs behind them. True once the client has read them: it has answered ("Receivers of
 * a PING frame that does not include an ACK flag MUST send a PING frame with the ACK flag set in response" [RFC 9113, 6.7]), or the connection has ended by them.
 */
async function showFrames(connection: GateConnection, frames: Buffer, pings: number, signal: AbortSignal) {
  const wait = (condition: () => boolean) => waitFor(condition, PATIENCE_MS, { stepMs: STEP_MS, signal });
  if (frames.length > 0 && !(await wait(() => connection.insertDown(frames)))) return false;
  const wanted = connection.pingAcks + pings;
  const ended = () => connection.ended && connection.endedBy !== 'gate';
  if (!(await wait(() => ended() || connection.ping(pings)))) return false;
  return (await wait(() => ended() || connection.pingAcks >= wanted)) === true;
}

/** On each of these connections; how many of the clients have read them. */
export async function showAll(
  connections: readonly GateConnection[],
  framesFor: (connection: GateConnection) => Buffer | undefined,
  signal: AbortSignal,
  pings = 1,
): Promise<number> {
  const shown = connections.map(async (connection) => {
    const frames = framesFor(connection);
    return frames !== undefined && (await showFrames(connection, frames, pings, signal));
  });
  return (await Promise.all(shown)).filter(Boolean).length;
}

/** Ends every open call: for its client by these frames, for its server by RST_STREAM; what it sends after that is for nobody. */
export async function endCalls(
  connections: readonly GateConnection[],
  framesFor: (stream: number) => Buffer,
  signal: AbortSignal,
): Promise<{ readonly calls: number; readonly clients: number }> {
  let calls = 0;
  const clients = await showAll(
    connections,
    (connection) => {
      const { streams } = connection;
      calls += streams.length;
      if (streams.length === 0) return undefined;
      void waitFor(() => connection.cancelStreams(streams), PATIENCE_MS, { stepMs: STEP_MS, signal });
      return Buffer.concat(streams.map(framesFor));
    },
    signal,
  );
  return { calls, clients };
}
