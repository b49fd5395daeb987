import type { Control } from './controls.js';
import { complete, parseLine } from './prompt-line.js';

const controls: Control[] = [
  { fault: 'reset', about: 'cut', hop: 'gate', parameters: [], scopes: ['all', 'share', 'one'], instant: true },
  {
    fault: 'latency',
    about: 'late',
    hop: 'toxiproxy',
    parameters: [
      { name: 'latencyMs', unit: 'milliseconds', value: 300 },
      { name: 'bothWays', unit: 'both', value: true },
    ],
    scopes: ['all', 'share', 'one'],
    instant: false,
  },
  {
    fault: 'upgrade-block',
    about: 'block',
    hop: 'middlebox',
    parameters: [{ name: 'mode', unit: 'refused | mute', value: 'refused', choices: ['refused', 'mute'] }],
    scopes: ['all', 'share'],
    instant: false,
  },
];
const parse = (text: string) => parseLine(text, controls);

describe('a line of the prompt', () => {
  it('is a fault, in the words that a person would use', () => {
    expect(parse('cut all in 5 s, three times')).toMatchObject({
      do: 'inject',
      hand: { fault: 'reset', scope: 'all', inMs: 5000, times: 3, everyMs: 5000, forMs: undefined },
    });
    expect(parse('latency latencyMs=500 bothWays=false on 50% for 10s every 20s 2 times')).toMatchObject({
      hand: {
        params: { latencyMs: 500, bothWays: false },
        scope: { share: 0.5 },
        forMs: 10_000,
        everyMs: 20_000,
        times: 2,
      },
    });
    expect(parse('latency #3 for 500ms')).toMatchObject({
      hand: { params: { latencyMs: 300 }, scope: { conn: 3 }, forMs: 500 },
    });
  });

  it('heals before it comes again, where nothing was said', () => {
    expect(parse('latency every 4s 3 times')).toMatchObject({ hand: { forMs: 2000 } });
  });

  it('is a command, a remark or nothing', () => {
    expect(['heal', 'heal all', 'heal 3', 'exit', '# a remark', '  ', 'wait 2m', 'help latency'].map(parse)).toEqual([
      { do: 'heal', act: undefined },
      { do: 'heal', act: undefined },
      { do: 'heal', act: 3 },
      { do: 'quit' },
      { do: 'nothing' },
      { do: 'nothing' },
      { do: 'wait', ms: 120_000 },
      { do: 'help', about: 'latency' },
    ]);
  });

  it.each([
    ['latncy', 'did you mean latency?'],
    ['latency latency=5', 'it has latencyMs, bothWays'],
    ['latency latencyMs=fast', 'must be a number'],
    ['latency latencyMs=-1', 'must be from 0'],
    ['upgrade-block mode=slow', 'must be one of refused, mute'],
    ['upgrade-block #2', 'acts on all or share, not on one'],
    ['reset 200%', 'scope'],
    ['reset soon', '"soon" is not understood'],
    ['reset in soon', 'is no duration'],
    ['heal yesterday', 'heal what?'],
  ])('says what is wrong with %j', (text, said) => {
    expect(() => parse(text)).toThrow(said);
  });

  it('is completed: faults, parameters, and what they may be', () => {
    expect(complete('la', controls)[0]).toEqual(['lanes', 'latency']);
    expect(complete('latency l', controls)[0]).toEqual(['latencyMs=']);
    expect(complete('upgrade-block mode=', controls)[0]).toEqual(['mode=mute', 'mode=refused']);
    expect(complete('help up', controls)[0]).toEqual(['upgrade-block']);
  });
});
