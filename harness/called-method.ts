import type { EventOf, HistoryView } from './contract.js';

type Message = EventOf<'message'>;
type Request = EventOf<'handshake'>;

/**
 * Of gRPC, the messages in calls of the method that the witness calls: what others answer on the same connection has ids of its own,
 * or none. Of other protocols all.
 */
export function ofWitnessedMethod(history: HistoryView, messages: readonly Message[]): readonly Message[] {
  const requests = requestsOf(history);
  const witnessed = requests.find(({ gate }) => gate === 'witness')?.rpc;
  if (witnessed === undefined) return messages;
  const methods = new Map(requests.map((request) => [callOf(request), request.rpc]));
  return messages.filter((message) => message.stream === undefined || methods.get(callOf(message)) === witnessed);
}

/** A method that the client had not called before `since`, and that has given it an answer: it may hold what the stream left out. */
export function fetchedByOther(history: HistoryView, since: number): Request | undefined {
  const requests = requestsOf(history).filter(({ gate }) => gate === 'victim');
  const usual = new Set(requests.filter(({ t }) => t < since).map(({ rpc }) => rpc));
  const witnessed = requestsOf(history).find(({ gate }) => gate === 'witness')?.rpc;
  const answered = new Set(
    history
      .of('message')
      .filter(({ gate, dir, opcode }) => gate === 'victim' && dir === 'down' && opcode === 'binary')
      .map(callOf),
  );
  return requests.find(
    (request) =>
      request.t >= since && !usual.has(request.rpc) && request.rpc !== witnessed && answered.has(callOf(request)),
  );
}

function requestsOf(history: HistoryView): Request[] {
  return history.of('handshake').filter(({ dir, rpc }) => dir === 'up' && rpc !== undefined);
}

function callOf({ gate, conn, stream }: Message | Request): string {
  return `${gate}/${conn}/${stream}`;
}
