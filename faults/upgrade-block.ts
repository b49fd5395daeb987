import { every } from '../harness/clock.js';
import { defineFault } from '../harness/define.js';
import type { UpgradeBlock, UpgradeMode } from '../harness/path/upgrade-block.js';

const LOOK_MS = 50;

/** A proxy on the way does not let WebSocket through; everything else passes. */
export default defineFault<UpgradeBlock, { readonly mode: UpgradeMode }>({
  id: 'upgrade-block',
  hop: 'middlebox',
  about: 'requests to upgrade are refused, stripped of their headers, reset, never answered, or answered and then mute',
  evidence: 'a request to upgrade that was treated so',
  params: { mode: 'refused | stripped | reset | unanswered | mute' },
  byHand: { subject: 'upgrade block', defaults: { mode: 'refused' }, newcomers: true, protocols: ['websocket'] },
  async inject(block, { mode }, { bite }) {
    let bitten = false;
    block.mode = mode;
    const look = () => {
      if (bitten || !block.passages.some(({ blocked }) => blocked)) return;
      bitten = true;
      bite({ mode });
    };
    const looking = every(LOOK_MS, look);
    return () => {
      looking[Symbol.dispose]();
      look();
      block.mode = 'open';
    };
  },
});
