import { passThrough, type ToxicKind } from './toxic.js';

/** Passes everything. */
export const noop: ToxicKind = { type: 'noop', attributes: [], start: passThrough };
