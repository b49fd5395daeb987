/** Node's own limit for a head is 16 KiB, nginx's 32; beyond twice that it is none. */
const MAX_HEAD_BYTES = 64 * 1024;

export interface HttpHead {
  /** `GET /path?x=1 HTTP/1.1` or `HTTP/1.1 101 Switching Protocols`. */
  readonly startLine: string;
  /** Lower-cased names; the values of a repeated header are joined by ", " (RFC 9110, section 5.3). */
  readonly headers: ReadonlyMap<string, string>;
}

/** Collects an HTTP/1.1 head from chunks split anywhere. */
export class HeadReader {
  private seen = Buffer.alloc(0);

  /** Gives the head and the bytes behind it once it is whole. Throws an Error that says why there will be none. */
  push(chunk: Buffer): { readonly head: HttpHead; readonly rest: Buffer } | undefined {
    const from = Math.max(0, this.seen.length - 3);
    this.seen = this.seen.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.seen, chunk]);
    // Told by the first byte: a TLS record begins with 0x16, HTTP/2's preface is caught by its version below.
    const first = this.seen[0];
    if (first !== undefined && (first < 0x41 || first > 0x5a)) throw new Error('not an HTTP/1.1 head');
    const end = this.seen.indexOf('\r\n\r\n', from);
    if (end < 0 ? this.seen.length > MAX_HEAD_BYTES : end > MAX_HEAD_BYTES) throw new Error('HTTP head over 64 KiB');
    if (end < 0) return undefined;
    const head = parseHead(this.seen.toString('latin1', 0, end));
    const rest = this.seen.subarray(end + 4);
    this.seen = Buffer.alloc(0);
    return { head, rest };
  }
}

function parseHead(text: string): HttpHead {
  const [startLine = '', ...lines] = text.split('\r\n');
  if (!/^(?:[A-Z]+ \S+ HTTP\/1\.[01]|HTTP\/1\.[01] \d{3}(?: .*)?)$/.test(startLine)) {
    throw new Error('not an HTTP/1.1 head');
  }
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return { startLine, headers };
}
