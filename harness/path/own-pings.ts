import { type FrameHead, FrameSieve } from './frame-sieve.js';
import { frameOf } from './http2-frames.js';

/** RFC 9113, section 6.7. */
const [PING, ACK] = [0x6, 0x1];
const MARK = Buffer.from('holdfa');
const HEAD_BYTES = 9;
const NOTHING = Buffer.alloc(0);

/** A PING of our own to a client. */
export function ownPing(number: number): Buffer {
  const payload = Buffer.alloc(8);
  MARK.copy(payload);
  payload.writeUInt16BE(number % 0x10000, MARK.length);
  return frameOf('PING', 0, payload);
}

/** Takes the ACKs of our own PINGs out of what a client sends: Node ends a connection at an ACK of no PING of its own. */
export class OwnPings extends FrameSieve {
  acks = 0;

  protected picks({ type, flags }: FrameHead): boolean {
    return type === PING && (flags & ACK) !== 0;
  }

  protected sift(frame: Buffer): Buffer {
    const ours = frame.subarray(HEAD_BYTES, HEAD_BYTES + MARK.length).equals(MARK);
    if (ours) this.acks += 1;
    return ours ? NOTHING : frame;
  }

  protected behind(): Buffer {
    return NOTHING;
  }
}
