/** The body of an answer as text, of which a target may send without an end. Throws an Error beyond the limit. */
export async function boundedText(answer: Response, maxBytes: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of answer.body ?? []) {
    bytes += piece.length;
    // Leaving the loop cancels the body.
    if (bytes > maxBytes) throw new Error(`an answer over ${maxBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
