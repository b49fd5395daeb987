import { startContainer } from '../containers/container.js';
import { withContainers, withImage } from '../containers/here.test.rig.js';
import { needRuntime } from '../containers/runtime.js';
import type { EventBody } from '../contract.js';
import { PORT_PROXY } from '../port-proxy.js';
import * as programs from '../programs.js';
import { IMAGE } from '../toxiproxy/docker.js';
import { type FoundProxy, findProxy, noProxy, PROXIES, PROXY_IMAGES } from './find-proxy.js';
import { openGate } from './gate.js';
import { COMBINATIONS, type Combination } from './middlebox.test.cases.js';
import { classOf, passThrough, startOrigin } from './middlebox.test.rig.js';
import { createObserver } from './observer.js';
import { startContainedProxy } from './proxy-container.js';
import { proxyHere } from './proxy-here.test.rig.js';
import { startProxy } from './real-proxy.js';

/** Of this process; others may have theirs. */
async function own(): Promise<number> {
  const { client } = await needRuntime();
  const all = await client.container.list();
  return all.filter(({ Labels }) => Labels['holdfast.owner']?.startsWith(`${process.pid} `)).length;
}

/** What came of each of these through what `open` starts before their servers. */
async function pass(
  combinations: readonly Combination[],
  open: (routes: Parameters<typeof startProxy>[0]['routes']) => ReturnType<typeof startProxy>,
) {
  const tried = await Promise.all(combinations.map(async (one) => ({ one, origin: await startOrigin(one) })));
  try {
    await using proxy = await open(tried.map(({ one, origin }) => ({ to: origin, settings: one.settings })));
    const { host, ports } = proxy;
    const passed = await Promise.all(
      tried.map(
        async ({ one, origin }, n) =>
          [one.name, classOf(await passThrough(one, origin, { host, port: ports[n] ?? 0 }))] as const,
      ),
    );
    return Object.fromEntries(passed);
  } finally {
    for (const { origin } of tried) await origin[Symbol.asyncDispose]();
  }
}

describe.each(PROXIES)('%s in a container', (kind) => {
  const image = PROXY_IMAGES[kind];
  const record = () => {};
  const combinations = COMBINATIONS.filter(({ settings }) => settings.kind === kind);
  const program = proxyHere(kind);

  const compare = (title: string, test: (by: FoundProxy) => Promise<void>, timeoutMs: number) =>
    program === undefined
      ? it.skip(`${title} (no ${kind} to compare it with)`, () => undefined)
      : withImage(image, title, () => test(program), timeoutMs);

  compare(
    'answers as the program does',
    async (program) => {
      const before = await own();
      const [contained, beside] = await Promise.all(
        [{ kind, image }, program].map((by) =>
          pass(combinations, (routes) => startProxy({ by, name: kind, routes, record })),
        ),
      );
      expect(contained).toEqual(beside);
      expect(await own()).toBe(before);
    },
    180_000,
  );

  compare(
    'does so by published ports, and says that they are in between',
    async (program) => {
      const runtime = await needRuntime();
      await using other = await startContainer(runtime, { image: IMAGE });
      const { beside } = other;
      // With Docker in another machine the test above is of that.
      if (beside === undefined) return;
      const few = combinations.filter(({ ends }) => ends === 'orderly').slice(0, 2);
      const events: EventBody[] = [];
      const gates: AsyncDisposable[] = [];
      const contained = await pass(few, async (routes) => {
        const reachable = [];
        for (const { to, settings } of routes) {
          const observer = createObserver('key');
          const gate = await openGate({ name: 'way', upstream: to, listenHost: beside, record, observer });
          gates.push(gate);
          reachable.push({ to: gate, settings });
        }
        return startContainedProxy(
          { kind, image, name: kind, routes: reachable, record: (event) => void events.push(event) },
          [{ host: beside, listen: beside }],
        );
      });
      for (const gate of gates) await gate[Symbol.asyncDispose]();
      const withProgram = await pass(few, (routes) => startProxy({ by: program, name: kind, routes, record }));
      expect(contained).toEqual(withProgram);
      expect(events).toContainEqual({ type: 'measure', name: PORT_PROXY, facts: { process: kind } });
    },
    120_000,
  );

  withImage(image, 'says what keeps it from starting', async () => {
    const to = { host: 'nowhere.invalid', port: 1 };
    const settings = COMBINATIONS.find((one) => one.settings.kind === kind)?.settings;
    if (!settings) throw new Error('there is no case of it');
    const start = startProxy({ by: { kind, image }, name: kind, routes: [{ to, settings }], record });
    await expect(start).rejects.toMatchObject({ code: 'PROXY_START', message: expect.stringContaining(to.host) });
  });

  withImage(image, 'is taken with --engine docker, and where there is no program', async () => {
    expect(await findProxy(kind, 'docker')).toEqual({ kind, image });
    if (program !== undefined) expect(await findProxy(kind, 'auto')).toEqual(program);
    const none = jest.spyOn(programs, 'findProgram').mockReturnValue(undefined);
    expect(await findProxy(kind, 'auto')).toEqual({ kind, image });
    none.mockRestore();
  });

  withContainers('is never pulled', async () => {
    const by = { kind, image: `${kind}:0.0.0` };
    const start = startProxy({ by, name: kind, routes: [], record });
    await expect(start).rejects.toMatchObject({ code: 'NO_IMAGE', message: expect.stringContaining('docker pull') });
    expect(noProxy(kind)).toContain(`docker pull ${PROXY_IMAGES[kind]}`);
  });
});
