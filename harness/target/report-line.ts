/** What a client's application says it saw, one JSON object a line on stdout (DESIGN section 3). */
export interface Report {
  readonly event: string;
  readonly id?: unknown;
}

const events = new Set(['open', 'message', 'close', 'error', 'retry', 'sent', 'acked', 'unsent', 'done']);
/** Of a line that was cut, because its `data` was long, the beginning still says enough. */
const head = /^\s*\{\s*"event"\s*:\s*"(\w+)"(?:\s*,\s*"id"\s*:\s*("(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?))?\s*,/;

export function parseReport(line: string): Report | undefined {
  if (!/^\s*\{/.test(line)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    const match = head.exec(line);
    if (!match) return undefined;
    value = { event: match[1], ...(match[2] === undefined ? {} : { id: JSON.parse(match[2]) }) };
  }
  if (typeof value !== 'object' || value === null || !('event' in value)) return undefined;
  const { event } = value;
  if (typeof event !== 'string' || !events.has(event)) return undefined;
  return 'id' in value && value.id !== undefined ? { event, id: value.id } : { event };
}
