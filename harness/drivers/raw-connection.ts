import { nowMs } from '../clock.js';
import type { Target } from '../contract.js';
import { isSecure } from '../protocol.js';
import { dial, urlFor, type Where } from './request.js';

const KEPT_BYTES = 4096;

/** A connection of bytes: for what no library would send. */
export interface RawConnection extends Disposable {
  readonly openedAtMs: number;
  readonly isOpen: boolean;
  /** When the other side ended it, by FIN or RST. */
  readonly endedAtMs: number | undefined;
  /** The first bytes that came. */
  readonly received: string;
  write(bytes: string | Buffer): void;
  /** An orderly end of our side; what is still under way arrives. */
  finish(): void;
  /** A reset, where the platform has one. */
  abort(): void;
}

/** Opens one; undefined where it is not established within `timeoutMs`. */
export function openRaw(
  options: Where & { readonly timeoutMs: number },
  target: Target,
): Promise<RawConnection | undefined> {
  const url = urlFor(target, options, []);
  const secure = isSecure(url.href);
  const socket = dial(options, target, url, secure);
  let openedAtMs = 0;
  let endedAtMs: number | undefined;
  let received = '';
  const ended = () => {
    endedAtMs ??= nowMs();
  };
  socket.on('data', (chunk) => {
    if (received.length < KEPT_BYTES) received += chunk.toString('latin1').slice(0, KEPT_BYTES);
  });
  socket.on('error', ended);
  socket.on('end', ended);
  socket.on('close', ended);
  socket.setTimeout(options.timeoutMs, () => {
    if (openedAtMs === 0) socket.destroy();
  });
  const connection: RawConnection = {
    get openedAtMs() {
      return openedAtMs;
    },
    get isOpen() {
      return endedAtMs === undefined;
    },
    get endedAtMs() {
      return endedAtMs;
    },
    get received() {
      return received;
    },
    write: (bytes) => {
      if (endedAtMs === undefined) socket.write(bytes, () => {});
    },
    finish: () => void socket.end(),
    abort: () => void (secure ? socket.destroy() : socket.resetAndDestroy()),
    [Symbol.dispose]: () => void socket.destroy(),
  };
  return new Promise((resolve) => {
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      openedAtMs = nowMs();
      resolve(connection);
    });
    socket.once('close', () => resolve(undefined));
  });
}
