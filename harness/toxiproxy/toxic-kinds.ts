import type { ToxicKind } from './toxic.js';
import { bandwidth } from './toxic-bandwidth.js';
import { latency } from './toxic-latency.js';
import { limitData } from './toxic-limit-data.js';
import { noop } from './toxic-noop.js';
import { resetPeer } from './toxic-reset-peer.js';
import { slicer } from './toxic-slicer.js';
import { slowClose } from './toxic-slow-close.js';
import { timeout } from './toxic-timeout.js';

/** Every toxic there is, by type. */
export const TOXIC_KINDS: ReadonlyMap<string, ToxicKind> = new Map(
  [noop, latency, bandwidth, slowClose, timeout, resetPeer, slicer, limitData].map((kind) => [kind.type, kind]),
);
