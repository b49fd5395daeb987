import type { EventBody, Scalar, Slot, Target } from '../contract.js';

/** What stands in an artefact in place of a secret. */
export const REDACTED = 'redacted';

/** A name that says that its value is nobody else's business. */
const SECRET = String.raw`[\w.-]*(?:token|secret|passw(?:or)?d|pwd|api[-_]?key|access[-_]?key|credential|auth(?:orization)?|session|cookie|jwt|signature|sig|bearer|private)[\w.-]*`;
const ASSIGNED = new RegExp(
  String.raw`(\b(?:--?)?${SECRET})(\s*[=:]\s*|\s+(?=[^\s-]))("[^"]*"|'[^']*'|(?:(?:Bearer|Basic)\s+)?[^\s"'&,;]+)`,
  'gi',
);
const BEARER = /\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi;
const URLS = /\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/gi;

/** Text that somebody wrote, or that an error holds: without the user and the query of its URLs, and what is called a secret. */
export function redactText(text: string): string {
  return text.replace(URLS, redactUrl).replace(ASSIGNED, `$1$2${REDACTED}`).replace(BEARER, `$1 ${REDACTED}`);
}

/** Every value of the query, whatever its name: which of them is a secret only its server knows. */
export function redactUrl(text: string): string {
  if (!URL.canParse(text)) return text;
  const url = new URL(text);
  if (url.username !== '') url.username = REDACTED;
  if (url.password !== '') url.password = REDACTED;
  for (const name of [...url.searchParams.keys()]) url.searchParams.set(name, REDACTED);
  if (url.hash !== '') url.hash = REDACTED;
  return url.href;
}

/** A target as a session saves it. It is not started from there again. */
export function redactTarget(target: Target): Target {
  const slot = (name: 'subscribe' | 'resume' | 'auth' | 'badAuth' | 'command') =>
    target[name] === undefined ? {} : { [name]: redactSlot(target[name]) };
  const { server, client } = target;
  return {
    ...target,
    path: redactPath(target.path),
    env: valuesOf(target.env),
    ...slot('subscribe'),
    ...slot('resume'),
    ...slot('auth'),
    ...slot('badAuth'),
    ...slot('command'),
    ...(server
      ? {
          server: {
            ...server,
            ...mapped(server, ['command', 'readyLog'], redactText),
            ...mapped(server, ['url', 'readyUrl', 'healthUrl', 'metricsUrl'], redactUrl),
            quietEnv: valuesOf(server.quietEnv),
            pressureEnv: valuesOf(server.pressureEnv),
          },
        }
      : {}),
    ...(client
      ? { client: { ...client, command: redactText(client.command), pressureEnv: valuesOf(client.pressureEnv) } }
      : {}),
  };
}

/**
 * Observers keep strings as keyed hash and length, and numbers that are written in them as they are, for the sake of ids. In
 * a query or a header such a number may be a PIN.
 */
export function redactEvent(event: EventBody): EventBody {
  if (event.type === 'obstacle') return { ...event, text: redactText(event.text) };
  if ((event.type !== 'handshake' && event.type !== 'trailers') || !event.fields) return event;
  const fields = Object.fromEntries(
    Object.entries(event.fields).map(([name, value]) => [name, withoutNumber(name, value)]),
  );
  return { ...event, fields };
}

function withoutNumber(name: string, value: Scalar): Scalar {
  if (name.toLowerCase() === 'last-event-id' || typeof value !== 'object' || value === null) return value;
  const { hash, length } = value;
  return { hash, length };
}

function redactSlot(slot: Slot): Slot {
  if (slot.in === 'none') return slot;
  return slot.in === 'message' ? { in: 'message', text: `"${REDACTED}"` } : { ...slot, value: REDACTED };
}

function redactPath(path: string): string {
  const at = path.indexOf('?');
  if (at < 0) return path;
  const query = new URLSearchParams(path.slice(at));
  for (const name of [...query.keys()]) query.set(name, REDACTED);
  return `${path.slice(0, at)}?${query}`;
}

function valuesOf(variables: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.keys(variables).map((name) => [name, REDACTED]));
}

function mapped<T extends object, K extends keyof T>(from: T, names: readonly K[], change: (text: string) => string) {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = from[name];
      return typeof value === 'string' ? [[name, change(value)]] : [];
    }),
  );
}
