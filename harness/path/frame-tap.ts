import type { WireTapFactory } from '../contract.js';
import { FrameReader } from './http2-frames.js';

const ignored = () => {};

/** Knows where the server's HTTP/2 frames end, and records nothing: for a flood. */
export const tapFrames: WireTapFactory = () => {
  const reader = new FrameReader(false, { control: ignored, headers: ignored, data: ignored });
  let deaf = false;
  return {
    up: ignored,
    down(chunk) {
      try {
        if (!deaf) reader.push(chunk);
      } catch {
        // No HTTP/2.
        deaf = true;
      }
    },
    end: ignored,
    get betweenMessages() {
      return !deaf && reader.betweenFrames;
    },
  };
};
