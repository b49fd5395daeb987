import { every } from '../harness/clock.js';
import { defineFault } from '../harness/define.js';
import type { Zone } from '../harness/path/resolver.js';

const LOOK_MS = 50;

/** One name is answered badly, or moves; the change of address stays. */
export default defineFault<Zone, { readonly kind: 'servfail' | 'slow' | 'moved'; readonly to: string | null }>({
  id: 'dns',
  hop: 'middlebox',
  about: 'a name is answered by SERVFAIL, 5 s late, or with another address, by a resolver of our own',
  evidence: 'lookups answered so',
  params: { kind: 'servfail | slow | moved', to: 'the new address' },
  async inject(zone, { kind, to }, { bite }) {
    const answer = kind === 'moved' ? 'address' : kind;
    const before = zone.lookups[answer];
    let bitten = false;
    zone.answer = answer;
    if (to !== null) zone.address = to;
    const look = () => {
      const lookups = zone.lookups[answer] - before;
      if (bitten || lookups === 0) return;
      bitten = true;
      bite({ kind });
    };
    const looking = every(LOOK_MS, look);
    return () => {
      looking[Symbol.dispose]();
      look();
      zone.answer = 'address';
    };
  },
});
