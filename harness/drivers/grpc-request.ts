import type { Slot } from '../contract.js';
import { HarnessError } from '../errors.js';
import type { MessageType, Method } from '../grpc-services.js';

/** The fields that slots give a request: JSON of each, a later one over an earlier one. Throws where the request has no such field. */
export function fieldsOf(slots: readonly Slot[], { request, rpc }: Method): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const slot of slots) {
    if (slot.in === 'query') fields[slot.name] = slot.value;
    if (slot.in === 'message') Object.assign(fields, objectIn(slot.text) ?? {});
  }
  const names = new Set(request.fields.map(({ name }) => name));
  const strange = Object.keys(fields).find((name) => !names.has(name));
  if (strange === undefined) return fields;
  throw new HarnessError(
    'NO_FIELD',
    `the request of ${rpc.slice(1)} (${request.name}) has no field "${strange}": it has ${[...names].join(', ') || 'none'}`,
  );
}

/** A message of ours: JSON whose names the type has, else the text in its first field that takes text. */
export function saying(payload: string | Buffer, type: MessageType): Record<string, unknown> {
  const text = payload.toString();
  const given = Object.entries(objectIn(text) ?? {});
  const single = type.fields.filter(({ repeated }) => !repeated);
  const own = given.filter(([name, value]) =>
    single.some((field) => field.name === name && (field.kind !== 'text' || typeof value === 'string')),
  );
  const textual = single.filter(({ kind }) => kind === 'text');
  if (
    own.some(([name]) => textual.some((field) => field.name === name)) ||
    (own.length > 0 && own.length === given.length)
  )
    return Object.fromEntries(own);
  if (textual[0]) return { [textual[0].name]: text };
  const bytes = single.find(({ kind }) => kind === 'bytes');
  return bytes ? { [bytes.name]: Buffer.from(text).toString('base64') } : {};
}

function objectIn(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
