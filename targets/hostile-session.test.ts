import { join } from 'node:path';
import type { Run } from '../harness/contract.js';
import { commandOf, expectSafe, runHoldfast } from './hostile.test.rig.js';

/** A live session with programs that nobody should run on both of its sides (docs/reliability.md). */
const full = process.env.HOLDFAST_PROOF === 'full' ? test : test.skip;
const TIMEOUT_MS = 120_000;
const good = (name: string) => `"${process.execPath}" "${join(__dirname, `${name}.js`)}"`;

const ROWS = [
  { protocol: 'websocket', server: commandOf('websocket/endless-stream'), client: commandOf('websocket/noisy.client') },
  { protocol: 'websocket', server: commandOf('websocket/markup'), client: commandOf('websocket/rude.client') },
  { protocol: 'sse', server: good('sse-server'), client: commandOf('sse/frantic.client') },
  { protocol: 'sse', server: commandOf('sse/endless-line'), client: commandOf('sse/rude.client') },
  { protocol: 'grpc', server: good('grpc-server'), client: commandOf('grpc/rude.client reset') },
];

full.each(ROWS)(
  '$protocol, $server and $client: a session stays small, is judged, and leaves nothing (HOLDFAST_PROOF=full)',
  async ({ protocol, server, client }) => {
    const target = { server, client, protocol, path: '/feed', engine: 'embedded' };
    const config = { targets: { hostile: { ...target, proto: join(__dirname, '../../targets/feed.proto') } } };
    if (protocol !== 'grpc') Reflect.deleteProperty(config.targets.hostile, 'proto');
    const ended = await runHoldfast(['session', 'hostile', '--no-web', '--config', 'holdfast.config.json'], {
      lines: 'wait 15s\nlatency for 3s\nreset\nwait 5s\nrefuse for 3s\nwait 5s\nstatus\nquit\n',
      files: { 'holdfast.config.json': JSON.stringify(config) },
    });
    expectSafe(ended);
    expect(ended.said).toMatch(/open of \d+ that came/);
    const { verdicts } = JSON.parse(ended.reports.get('run.json') ?? '') as Run;
    expect(verdicts.filter(({ outcome }) => outcome === 'pass' || outcome === 'fail')).toEqual([]);
  },
  TIMEOUT_MS,
);
