import type { Facts } from '../harness/contract.js';
import type { Session } from '../harness/scenario.js';
import connectionFlood, { type Opener } from './connection-flood.js';

interface Guest {
  readonly isOpen: boolean;
  left: boolean;
  terminate(): void;
}

/** A server with room for so many. */
function house(room: number) {
  const guests: Guest[] = [];
  const open: Opener = async () => {
    if (guests.length >= room) return { refused: true, status: undefined, reason: 'no answer' };
    const guest = {
      isOpen: true,
      left: false,
      terminate() {
        guest.left = true;
      },
    };
    guests.push(guest);
    return guest as unknown as Session;
  };
  return { guests, open };
}

async function flood(open: Opener) {
  const bites: Facts[] = [];
  const tools = { bite: (facts: Facts) => void bites.push(facts), signal: new AbortController().signal };
  const undo = await connectionFlood.value.inject(open, { connections: 300, atMost: 1000 }, tools);
  return { bites, undo };
}

describe('a flood of connections', () => {
  it('bites by those that were not served', async () => {
    const { bites } = await flood(house(240).open);
    expect(bites).toEqual([{ asked: 300, served: 240, refused: 0, unanswered: 60, lost: 0 }]);
  });

  it('goes on where all were served, as several processes have room for more', async () => {
    const { bites } = await flood(house(470).open);
    expect(bites).toEqual([{ asked: 500, served: 470, refused: 0, unanswered: 30, lost: 0 }]);
  });

  it('ends without a bite at a server that serves everybody', async () => {
    const { open, guests } = house(5000);
    const { bites, undo } = await flood(open);
    expect([bites, guests.length]).toEqual([[], 1000]);
    await undo();
    expect(guests.every(({ left }) => left)).toBe(true);
  });
});
