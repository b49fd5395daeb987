import type { HTTPParser } from 'http-parser-js';

/** http-parser-js bounds a message's head, but neither the line before a chunk nor the trailers behind the last. */
const MAX_LINE_CHARACTERS = 64 * 1024;
const MAX_TRAILERS = 1000;

/** Why what it was given cannot be read on, or undefined. */
export function whyEndless(parser: InstanceType<typeof HTTPParser>): string | undefined {
  // Where the parser stands is not in its types.
  const { line, trailers } = parser as unknown as { readonly line: string; readonly trailers: readonly string[] };
  if (line.length > MAX_LINE_CHARACTERS) return 'a line of HTTP over 64 KiB';
  return trailers.length > MAX_TRAILERS ? 'over a thousand trailers of HTTP' : undefined;
}
