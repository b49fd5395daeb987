import { z } from 'zod';
import { wrongField } from './run-schema.js';

/**
 * What the lines of a saved history must be before a check or a picture reads them. Words may be later ones, since the history
 * only ever gains some: what is held is the shape.
 */

const text = z.string();
const number = z.number();
const conn = { gate: text, conn: z.int() };
const scalar = z.union([number, z.boolean(), z.null(), z.looseObject({ hash: text, length: number })]);
const scalars = z.exactOptional(z.record(text, scalar));
const facts = z.record(text, z.union([number, text, z.boolean(), z.null()]));
const maybe = { number: z.exactOptional(number), text: z.exactOptional(text), flag: z.exactOptional(z.boolean()) };
/** Four weeks: no run is longer, and no picture of one could be drawn. */
const LONGEST_MS = 28 * 86_400_000;

const BODIES: ReadonlyMap<string, z.ZodType> = new Map(
  Object.entries({
    phase: { phase: text, label: maybe.text },
    fault: { fault: text, what: text, who: text, facts },
    handshake: {
      ...{
        ...conn,
        dir: z.enum(['up', 'down']),
        status: maybe.number,
        stream: maybe.number,
        rpc: maybe.text,
        deadlineMs: maybe.number,
      },
      ...{ subprotocol: maybe.text, extensions: maybe.text, method: maybe.text, opens: maybe.flag },
      ...{ headers: z.exactOptional(z.record(text, text)), fields: scalars },
    },
    frame: {
      ...{ ...conn, dir: z.enum(['up', 'down']), frame: text, stream: number, ack: maybe.flag, code: maybe.number },
      ...{ lastStream: maybe.number, increment: maybe.number, settings: z.exactOptional(z.record(text, number)) },
    },
    trailers: { ...conn, stream: number, grpcStatus: maybe.number, fields: scalars },
    message: {
      ...{
        ...conn,
        dir: z.enum(['up', 'down']),
        opcode: text,
        bytes: number,
        hash: text,
        stream: maybe.number,
        form: maybe.text,
      },
      ...{ fields: scalars, closeCode: maybe.number, packet: maybe.text, notice: maybe.flag },
      ...{ cursor: z.exactOptional(scalar), repeat: maybe.flag, atMostOnce: maybe.flag },
    },
    undecodable: { ...conn, dir: z.enum(['up', 'down']), reason: text },
    session: {
      ...{ name: text, what: text, status: maybe.number, closeCode: maybe.number },
      ...{ ended: maybe.text, reason: maybe.text, tookMs: maybe.number },
    },
    process: {
      ...{ process: text, what: text, pid: maybe.number, facts: z.exactOptional(facts) },
      ...{ code: z.exactOptional(number.nullable()), signal: z.exactOptional(text.nullable()) },
    },
    report: { process: text, event: text, id: z.exactOptional(scalar) },
    memory: { process: text, rssBytes: number },
    loop: { who: text, p99Ms: number, maxMs: number },
    measure: { name: text, facts },
    samples: { name: text, unit: text, values: z.array(number) },
    obstacle: { code: text, text },
  }).map(([type, shape]) => [type, z.looseObject(shape)]),
);

const ENDED = z.looseObject({ by: text, how: text, upBytes: number, downBytes: number });
const CONNECTION = z.looseObject({ ...conn, what: text });
const EVENT = z.looseObject({
  seq: z.int().min(1),
  t: number.min(-LONGEST_MS).max(LONGEST_MS),
  scenario: text,
  type: text,
});

/** What is wrong with a line of a history, or undefined. */
export function wrongEvent(event: unknown): string | undefined {
  const frame = EVENT.safeParse(event);
  if (!frame.success) return wrongField(frame.error);
  const { type, what } = frame.data;
  const shapes = type === 'connection' ? [CONNECTION, ...(what === 'end' ? [ENDED] : [])] : [BODIES.get(type)];
  for (const shape of shapes) {
    const body = shape?.safeParse(event);
    if (body && !body.success) return wrongField(body.error);
  }
  return undefined;
}
