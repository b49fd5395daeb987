import type { EventBody, Scalar } from '../contract.js';

/**
 * What nobody declared, beyond what secrets.ts knows: a session meets the clients of others. Observers keep strings as keyed hash and
 * length, and numbers that are written in them as they are, for the sake of ids. In a query or a header such a number may be a PIN.
 */
export function redactEvent(event: EventBody): EventBody {
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
