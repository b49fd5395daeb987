/**
 * An error of Holdfast's own: the run could not be made or went wrong on our side. Never a verdict on the target.
 * `message` is one sentence naming the thing, the place and the remedy; `code` is stable.
 */
export class HarnessError extends Error {
  constructor(
    readonly code: string,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
    this.name = 'HarnessError';
  }
}

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
