import { defineFault } from '../harness/define.js';

/** One client that does what no correct one does; `send` tells whether it arrived. */
export interface Misfit {
  readonly kind: string;
  send(): Promise<boolean>;
}

export default defineFault<readonly Misfit[], { readonly cases: number }>({
  id: 'garbage',
  hop: 'driver',
  about: 'malformed, truncated and oversized handshakes and frames, several at once',
  evidence: 'the cases that arrived',
  momentary: true,
  params: { cases: 'count' },
  async inject(misfits, _, { bite }) {
    const arrived = await Promise.all(misfits.map((misfit) => misfit.send()));
    const kinds = misfits.filter((_misfit, index) => arrived[index]).map(({ kind }) => kind);
    if (kinds.length > 0) bite({ sent: kinds.length, kinds: kinds.join('; ') });
    return () => {};
  },
});
