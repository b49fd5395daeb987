import { every, nowMs } from '../harness/clock.js';
import type { Gate, GateConnection } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';

const LOOK_MS = 50;

/** A NAT's table has no room for who says nothing: from then on nothing passes, and neither side is told. */
export default defineFault<Gate, { readonly idleMs: number }>({
  id: 'idle-forget',
  hop: 'gate',
  about: 'a connection that has been idle for so long is forgotten: nothing passes any more, and no end is sent',
  evidence: 'a connection forgotten after that time, and no end sent',
  params: { idleMs: 'milliseconds' },
  byHand: { subject: 'gate', defaults: { idleMs: 30_000 } },
  async inject(gate, { idleMs }, { bite }) {
    const heard = new Map<number, { readonly bytes: number; readonly atMs: number }>();
    const forgotten: GateConnection[] = [];
    const look = every(LOOK_MS, () => {
      for (const connection of gate.live.filter((one) => !one.ended && !forgotten.includes(one))) {
        const bytes = connection.upBytes + connection.downBytes;
        const last = heard.get(connection.id);
        if (last?.bytes !== bytes) heard.set(connection.id, { bytes, atMs: nowMs() });
        else if (nowMs() - last.atMs >= idleMs) {
          connection.freeze();
          forgotten.push(connection);
          if (connection.frozen) bite({ conn: connection.id, idleMs });
        }
      }
    });
    return () => {
      look[Symbol.dispose]();
      for (const connection of forgotten) connection.thaw();
    };
  },
});
