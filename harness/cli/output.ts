import type { WriteStream } from 'node:tty';

export interface Display {
  /** Infinity where it is no terminal. */
  readonly columns: number;
  readonly color: boolean;
  /** Lines may be redrawn. */
  readonly live: boolean;
  write(text: string): unknown;
}

/** What this stream can do. NO_COLOR and CI ask for plain lines. */
export function displayOf(stream: WriteStream | NodeJS.WriteStream): Display {
  const plain = (process.env.NO_COLOR ?? '') !== '' || (process.env.CI ?? '') !== '' || process.env.TERM === 'dumb';
  const live = stream.isTTY === true && !plain;
  return {
    // Some pseudo-terminals say 0.
    get columns() {
      return stream.isTTY === true ? stream.columns || 80 : Number.POSITIVE_INFINITY;
    },
    color: live,
    live,
    write: (text) => stream.write(text),
  };
}

/** To stdout; resolves when the reader has it, so that an exit right after cuts nothing off. */
export function print(text: string): Promise<void> {
  return new Promise((resolve) => {
    // A reader that has left (`| head`) wants no more: that is no error.
    process.stdout.once('error', () => resolve());
    process.stdout.write(text, () => resolve());
  });
}
