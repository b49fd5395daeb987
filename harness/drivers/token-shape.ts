/** An answer of an LLM as events of a stream, in the words of one provider. */
export interface TokenShape {
  /** Of its body, where it is no event stream. */
  readonly type?: string;
  begin(): readonly string[];
  token(text: string): string;
  /** The final marker last. */
  end(text: string, tokens: number): readonly string[];
  /** In place of all that was to come. */
  readonly error: string;
  /** A sign of life between two tokens, where it has one. */
  readonly beat?: string;
}

export function unnamed(event: object): string {
  return `data: ${JSON.stringify(event)}\n\n`;
}

export function named(event: { readonly type: string; readonly [name: string]: unknown }): string {
  return `event: ${event.type}\n${unnamed(event)}`;
}
