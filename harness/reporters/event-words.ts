import type { HistoryEvent } from '../contract.js';
import { sizeOf } from './layout.js';

/** One event of the history as a sentence. */
export function eventWords(event: HistoryEvent): string {
  switch (event.type) {
    case 'phase':
      return `phase ${event.phase}${event.label === undefined ? '' : `: ${event.label}`}`;
    case 'fault':
      return `fault ${event.fault} ${FAULT_VERBS[event.what]}${factWords(event.facts)}`;
    case 'connection': {
      const where = connOf(event);
      if (event.what === 'start') return `${where} began`;
      if (event.what !== 'end') return `first bytes on ${where}`;
      if (event.how === 'none') return `${where} was still open when watching stopped`;
      const bytes = `${sizeOf(event.upBytes)} up, ${sizeOf(event.downBytes)} down`;
      return `${where} ended by ${WHO[event.by]} with ${event.how} (${bytes})`;
    }
    case 'handshake': {
      const what = event.dir === 'up' ? 'request' : 'answer';
      const facts = [event.method, event.rpc, event.status === undefined ? undefined : `status ${event.status}`];
      return `${what} on ${connOf(event)}${listed(facts)}`;
    }
    case 'frame': {
      const facts = [event.code === undefined ? undefined : `code ${event.code}`, event.ack ? 'ACK' : undefined];
      return `${event.frame} ${TO[event.dir]} on ${connOf(event)}${listed(facts)}`;
    }
    case 'trailers':
      return `call on ${connOf(event)} ended${listed([event.grpcStatus === undefined ? 'without a status' : `grpc-status ${event.grpcStatus}`])}`;
    case 'message': {
      const facts = [
        sizeOf(event.bytes),
        event.closeCode === undefined ? undefined : `code ${event.closeCode}`,
        event.packet,
      ];
      return `${event.opcode} ${TO[event.dir]} on ${connOf(event)}${listed(facts)}`;
    }
    case 'undecodable':
      return `what passed ${TO[event.dir]} on ${connOf(event)} could not be decoded: ${event.reason}`;
    case 'session': {
      const facts = [
        event.status === undefined ? undefined : `status ${event.status}`,
        event.closeCode === undefined ? undefined : `close code ${event.closeCode}`,
        event.ended,
        event.reason,
        event.tookMs === undefined ? undefined : `after ${Math.round(event.tookMs)} ms`,
      ];
      return `our session ${event.name}: ${event.what}${listed(facts)}`;
    }
    case 'process': {
      const facts = [
        event.code === undefined || event.code === null ? undefined : `code ${event.code}`,
        event.signal ?? undefined,
        event.pid === undefined ? undefined : `pid ${event.pid}`,
      ];
      return `process ${event.process}: ${event.what}${listed(facts)}`;
    }
    case 'report':
      return `the application of ${event.process} told: ${event.event}`;
    case 'memory':
      return `process ${event.process} held ${sizeOf(event.rssBytes)}`;
    case 'loop':
      return `Holdfast's own delay (${event.who}): ${Math.round(event.maxMs)} ms at most`;
    case 'measure':
      return `measured ${event.name}${factWords(event.facts)}`;
    case 'samples':
      return `${event.values.length} samples of ${event.name} (${event.unit})`;
    case 'obstacle':
      return event.text;
  }
}

function connOf({ gate, conn }: { readonly gate: string; readonly conn: number }): string {
  return `connection ${conn} of ${gate}`;
}

const FAULT_VERBS = { inject: 'injected', bite: 'seen to act', heal: 'healed' } as const;
const TO = { up: 'to the server', down: 'to the client' } as const;
export const WHO = { client: 'the client', server: 'the server', gate: 'Holdfast' } as const;
/** A fact may be a list of what was sent; its beginning tells enough. */
const LONGEST = 120;

function factWords(facts: Readonly<Record<string, unknown>>): string {
  return listed(
    Object.entries(facts).map(([name, value]) =>
      value === null ? undefined : clip(`${name} ${typeof value === 'number' ? rounded(value) : String(value)}`),
    ),
  );
}

function listed(facts: readonly (string | undefined)[]): string {
  const told = facts.filter((fact) => fact !== undefined && fact !== '');
  return told.length === 0 ? '' : ` (${told.join(', ')})`;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

function clip(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}
