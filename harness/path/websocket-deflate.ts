import ws from 'ws';
import type { Direction } from '../contract.js';

export interface Inflation {
  /** Inflates a piece of a message; pieces one after another, each after the callback of the one before. */
  inflate(piece: Buffer, last: boolean, done: (error: Error | null, bytes: Buffer) => void): void;
  close(): void;
}

type Parameters = Record<string, (string | true)[]>;

/** What ws exports and @types/ws does not say. */
interface WsInternals {
  readonly extension: { parse(header: string): Record<string, Parameters[]> };
  readonly PerMessageDeflate: new (options: {
    readonly isServer: boolean;
  }) => {
    accept(offers: Parameters[]): unknown;
    decompress(bytes: Buffer, last: boolean, done: (error: Error | null, bytes: Buffer) => void): void;
    cleanup(): void;
  };
}
const { extension, PerMessageDeflate } = ws as unknown as WsInternals;

/** The header's permessage-deflate, or undefined where it is not agreed upon. Throws where the header cannot be read. */
export function agreedDeflate(header: string | undefined): string | undefined {
  if (!header) return undefined;
  const names = Object.keys(extension.parse(header));
  const unknown = names.filter((name) => name !== 'permessage-deflate');
  if (unknown.length > 0) throw new Error('an extension other than permessage-deflate was agreed upon');
  return names.length > 0 ? header : undefined;
}

/**
 * Inflates one direction by the agreed parameters. Only context takeover changes how it is done: a window larger than
 * the agreed one decodes the same bytes, and zlib itself writes windows of 2^9 where 2^8 was agreed upon.
 */
export function createInflation(header: string, dir: Direction): Inflation {
  const offers = extension.parse(header)['permessage-deflate'] ?? [];
  for (const parameters of offers) {
    delete parameters.client_max_window_bits;
    delete parameters.server_max_window_bits;
  }
  // The receiver of what clients send is a server.
  const deflate = new PerMessageDeflate({ isServer: dir === 'up' });
  deflate.accept(offers);
  return {
    inflate: (piece, last, done) => {
      // zlib tells some errors twice: by its event and by the pending flush.
      let told = false;
      deflate.decompress(piece, last, (error, bytes) => {
        if (told) return;
        told = true;
        done(error, bytes);
      });
    },
    close: () => deflate.cleanup(),
  };
}
