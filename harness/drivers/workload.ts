/**
 * A client message of ours: its token is found again in whatever comes back, in either form. `echo` as the type asks
 * servers that know a request for one; others ignore it.
 */
export function payloadOf(form: 'json' | 'text', token: string, bytes: number): string {
  if (form === 'text') return pad(`holdfast ${token} `, bytes);
  const parts = (text: string) => JSON.stringify({ type: 'echo', id: token, ...textual(text) });
  const room = bytes - parts(token).length;
  return parts(pad(token, token.length + Math.max(0, Math.floor(room / TEXT_FIELDS.length))));
}

/** What chat servers call the text of a message; one that knows none of them does not know ours. */
const TEXT_FIELDS = ['text', 'body', 'message', 'data'];

function textual(text: string): Record<string, string> {
  return Object.fromEntries(TEXT_FIELDS.map((name) => [name, text]));
}

/** Deterministic filler that is neither one repeated letter nor digits. */
function pad(text: string, bytes: number): string {
  const filler = 'the quick brown fox jumps over the lazy dog ';
  return (text + filler.repeat(Math.ceil(Math.max(0, bytes - text.length) / filler.length))).slice(
    0,
    Math.max(text.length, bytes),
  );
}

const TOKEN = /\b[a-z0-9]{16}\b/g;
const SEARCHED_BYTES = 8192;

/** What looks like tokens of ours in a message: several where a server joins queued messages into one. */
export function tokensIn(payload: Buffer, searchedBytes = SEARCHED_BYTES): string[] {
  return payload.subarray(0, searchedBytes).toString('latin1').toLowerCase().match(TOKEN) ?? [];
}
