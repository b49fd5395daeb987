/**
 * A client message of ours: its token is found again in whatever comes back, in either form. `echo` as the type asks
 * servers that know a request for one; others ignore it.
 */
export function payloadOf(form: 'json' | 'text', token: string, bytes: number): string {
  if (form === 'text') return pad(`holdfast ${token} `, bytes);
  const empty = JSON.stringify({ type: 'echo', id: token, text: '' }).length;
  return JSON.stringify({ type: 'echo', id: token, text: pad('', bytes - empty) });
}

/** Deterministic filler that is neither one repeated letter nor digits. */
function pad(text: string, bytes: number): string {
  const filler = 'the quick brown fox jumps over the lazy dog ';
  return (text + filler.repeat(Math.ceil(Math.max(0, bytes - text.length) / filler.length))).slice(
    0,
    Math.max(text.length, bytes),
  );
}

const TOKEN = /\b[a-z0-9]{16}\b/;

/** The token in a message that holds one of ours. */
export function tokenIn(payload: Buffer): string | undefined {
  const text = payload.subarray(0, 400).toString('latin1').toLowerCase();
  return TOKEN.exec(text)?.[0];
}
