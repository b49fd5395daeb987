import { Command } from 'commander';
import { parseSettings } from '../config.js';
import type { TargetSettings } from '../config-schema.js';
import { addCheckFlags, settingsOfFlags } from './flags.js';
import { flagsOfSettings } from './words.js';

const SETTINGS: TargetSettings = {
  server: "sh -c 'exec node x.js'",
  path: '/feed?room=1',
  port: 9000,
  readyLog: 'listening on \\d+',
  stopSignal: 'SIGINT',
  grace: 2.5,
  serialCopies: true,
  insecure: false,
  subscribe: { type: 'subscribe', channels: ['a', 'b'] },
  resume: '?last={id}',
  auth: 'Authorization: Bearer x=y',
  quietEnv: { QUIET: 1, LEVEL: 'a,b' },
  pressureEnv: 'PUSH=1',
  only: ['no-heartbeat', 'no-replay'],
  scale: 0.1,
  copies: 3,
  seed: 7,
  strict: true,
  reporter: ['terminal', 'junit'],
  gate: 'A+',
};

test('settings written as flags and read again are the same settings', () => {
  const command = addCheckFlags(new Command()).exitOverride();
  command.parse(flagsOfSettings(SETTINGS), { from: 'user' });
  const { insecure: _, ...rest } = parseSettings(SETTINGS, (field) => field);
  expect(settingsOfFlags(command.opts())).toEqual(rest);
});
