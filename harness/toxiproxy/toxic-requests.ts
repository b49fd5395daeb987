import { ApiError, badBody, decode, type Field, floatField, integerField, parseBody, stringField } from './decode.js';
import type { Json } from './json.js';
import type { Attributes, Toxic, ToxicKind } from './toxic.js';
import { TOXIC_KINDS } from './toxic-kinds.js';
import type { NewToxic } from './toxic-set.js';

/** A `POST .../toxics` as a toxic to be, with the original's order of refusals. */
export function readNewToxic(text: string, isTaken: (name: string) => boolean, strict: boolean): NewToxic {
  const json = parseBody(text);
  const fields = { name: '', type: '', stream: 'downstream', toxicity: 1 };
  let attributesJson: Json = null;
  const decoded = decode(json, 'ToxicWrapper', {
    name: stringField((value) => {
      fields.name = value;
    }),
    type: stringField((value) => {
      fields.type = value;
    }),
    stream: stringField((value) => {
      fields.stream = value;
    }),
    toxicity: floatField((value) => {
      fields.toxicity = value;
    }),
    attributes: (value) => {
      attributesJson = value;
      return undefined;
    },
  });
  if (decoded.wrong) throw badBody(decoded.wrong);
  const direction = fields.stream.toLowerCase();
  if (direction !== 'upstream' && direction !== 'downstream') {
    throw new ApiError(400, 'stream was invalid, can be either upstream or downstream');
  }
  const kind = TOXIC_KINDS.get(fields.type);
  if (!kind) throw new ApiError(400, 'invalid toxic type');
  const name = fields.name || `${fields.type}_${fields.stream}`;
  if (isTaken(name)) throw new ApiError(409, 'toxic already exists');
  if (strict) refuseUnknown(decoded.unknown, `a toxic has name, type, stream, toxicity and attributes`);
  const attributes: Attributes = Object.fromEntries(kind.attributes.map((key) => [key, 0]));
  const wrong = readAttributes(kind, attributesJson, attributes, strict);
  if (wrong) throw badBody(wrong);
  refuseValues(kind, attributes);
  return { kind, name, stream: fields.stream, direction, toxicity: fields.toxicity, attributes };
}

/**
 * A `POST` or `PATCH` of a toxic, applied to it. Returns the error to answer with where a value had a wrong type: the others
 * are applied then all the same, but neither is the toxicity nor is the toxic started anew (TOXIPROXY.md 1.6).
 */
export function applyToxicUpdate(text: string, toxic: Toxic, strict: boolean): ApiError | undefined {
  const json = parseBody(text);
  let toxicity = toxic.toxicity;
  const attributes = { ...toxic.attributes };
  let attributesJson: Json = null;
  const ignored: Field = () => undefined;
  const decoded = decode(json, 'Toxic', {
    toxicity: floatField((value) => {
      toxicity = value;
    }),
    attributes: (value) => {
      attributesJson = value;
      return undefined;
    },
    ...(strict ? { name: ignored, type: ignored, stream: ignored } : {}),
  });
  if (strict) refuseUnknown(decoded.unknown, 'an update of a toxic has toxicity and attributes');
  const wrong = readAttributes(toxic.kind, attributesJson, attributes, strict) ?? decoded.wrong;
  refuseValues(toxic.kind, attributes);
  Object.assign(toxic.attributes, attributes);
  if (wrong) return badBody(wrong);
  toxic.toxicity = toxicity;
  return undefined;
}

/** The toxic as JSON, in the original's order of keys. */
export function showToxic({ attributes, name, kind, stream, toxicity }: Toxic): object {
  return { attributes, name, type: kind.type, stream, toxicity };
}

function readAttributes(kind: ToxicKind, json: Json, into: Attributes, strict: boolean): string | undefined {
  const fields = kind.attributes.map((name) => {
    const field = integerField((value) => {
      into[name] = value;
    });
    return [name, field] as const;
  });
  const decoded = decode(json, 'attributes', Object.fromEntries(fields));
  if (strict) refuseUnknown(decoded.unknown, `${kind.type} has ${kind.attributes.join(', ') || 'no attributes'}`);
  return decoded.wrong;
}

function refuseUnknown(unknown: readonly string[], instead: string): void {
  if (unknown.length > 0) throw new ApiError(400, `unknown attribute ${unknown.join(', ')}: ${instead}`);
}

/** Values on which the original dies (TOXIPROXY.md 2.7). */
function refuseValues(kind: ToxicKind, attributes: Attributes): void {
  const reason = kind.refuse?.(attributes);
  if (reason) throw badBody(`${kind.type}: ${reason}`);
}
