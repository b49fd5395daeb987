import { every } from '../harness/clock.js';
import type { GateConnection } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';

const LOOK_MS = 250;

/** The link goes dead without a word: nothing passes either way, no FIN, no RST (CHECKLIST rule 12). */
export default defineFault<GateConnection, { readonly conn: number }>({
  id: 'freeze',
  hop: 'gate',
  about: 'a live connection goes silent both ways without an end; new ones pass',
  evidence: 'bytes withheld, no end sent',
  params: { conn: 'connection of the gate' },
  byHand: { subject: 'connections', defaults: {} },
  async inject(connection, { conn }, { bite }) {
    const at = { up: connection.withheldUpBytes, down: connection.withheldDownBytes };
    connection.freeze();
    let bitten = { up: false, down: false };
    const look = every(LOOK_MS, () => {
      const now = { up: connection.withheldUpBytes > at.up, down: connection.withheldDownBytes > at.down };
      if ((now.up && !bitten.up) || (now.down && !bitten.down)) {
        bite({
          conn,
          withheldUpBytes: connection.withheldUpBytes - at.up,
          withheldDownBytes: connection.withheldDownBytes - at.down,
        });
        bitten = now;
      }
    });
    return () => {
      look[Symbol.dispose]();
      connection.thaw();
    };
  },
});
