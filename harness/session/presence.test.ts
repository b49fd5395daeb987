import { every, until } from '../clock.js';
import { Presence } from './presence.js';

describe('the pages of a session', () => {
  it('are taken for dead when they answer no beat any more, though their connection stays', async () => {
    let lost = 0;
    using presence = new Presence(() => lost++, { deadMs: 100 });
    presence.come('hung');
    await until('it is given up', () => lost === 1, 5000);
    expect([presence.has('hung'), presence.beat('hung')]).toEqual([false, false]);
  });

  it('are missed only when the last of them is gone, and not while one is loaded again', async () => {
    let lost = 0;
    using presence = new Presence(() => lost++, { deadMs: 60_000, awayMs: 600 });
    presence.come('one');
    presence.leave('one');
    presence.come('one again');
    await until('the first is forgotten', () => !presence.has('one'), 5000);
    expect([lost, presence.has('one again')]).toEqual([0, true]);
    presence.leave('one again');
    await until('the last is missed', () => lost === 1, 5000);
  });

  it('live as long as they answer', async () => {
    let lost = 0;
    using presence = new Presence(() => lost++, { deadMs: 1000 });
    presence.come('alive');
    let beats = 0;
    using _ = every(100, () => {
      presence.beat('alive');
      beats += 1;
    });
    await until('it has answered often', () => beats >= 15, 10_000);
    expect([lost, presence.has('alive')]).toEqual([0, true]);
  });
});
