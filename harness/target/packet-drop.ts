import { spawnSync } from 'node:child_process';

/**
 * Ways to make the packets of one TCP connection on loopback disappear. All drop where packets *arrive* (or, for the
 * routing rule, where no route is an error that TCP swallows): dropped on the way out, a send would be told EPERM.
 * Each takes the two ports and gives a reason where it could not. Only for use inside a namespace of our own.
 */
export interface DropWay {
  readonly name: string;
  drop(a: number, b: number): string | undefined;
  heal(a: number, b: number): string | undefined;
}

/** Runs a command; undefined when it went well, else what it said. */
export function run(argv: readonly string[], input = ''): string | undefined {
  const [file = '', ...args] = argv;
  const result = spawnSync(file, args, {
    input,
    encoding: 'utf8',
    timeout: 10_000,
    // Where a plain user's PATH does not lead.
    env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` },
  });
  if (result.error) return `${file} (${(result.error as NodeJS.ErrnoException).code ?? result.error.message})`;
  if (result.status === 0) return undefined;
  return `${file}: ${result.stderr.trim().split('\n')[0] || `exit ${result.status ?? result.signal}`}`;
}

/** The first problem of several steps; later steps are not taken. */
function all(steps: readonly (() => string | undefined)[]): string | undefined {
  for (const step of steps) {
    const problem = step();
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** The first problem of several steps, all of which are taken. */
function each(steps: readonly (() => string | undefined)[]): string | undefined {
  return steps.map((step) => step()).find((problem) => problem !== undefined);
}

const bothWays = (a: number, b: number) =>
  [
    [a, b],
    [b, a],
  ] as const;

const nft: DropWay = {
  name: 'nft',
  drop: (a, b) =>
    run(
      ['nft', '-f', '-'],
      `table inet hf${a}x${b} {\n chain in {\n type filter hook prerouting priority -300;\n${bothWays(a, b)
        .map(([from, to]) => `tcp sport ${from} tcp dport ${to} drop`)
        .join('\n')}\n }\n}\n`,
    ),
  heal: (a, b) => run(['nft', 'delete', 'table', 'inet', `hf${a}x${b}`]),
};

function iptablesRules(what: '-I' | '-D', a: number, b: number) {
  return ['iptables', 'ip6tables'].flatMap((tool) =>
    bothWays(a, b).map(
      ([from, to]) =>
        () =>
          run([tool, '-w', what, 'INPUT', '-p', 'tcp', '--sport', `${from}`, '--dport', `${to}`, '-j', 'DROP']),
    ),
  );
}

const iptables: DropWay = {
  name: 'iptables',
  drop: (a, b) => all(iptablesRules('-I', a, b)),
  heal: (a, b) => each(iptablesRules('-D', a, b)),
};

/** A device that is down: what is redirected to it is freed, and nobody is told. */
const hole = 'holdfast0';
/** Priorities by which filters are taken away again. */
const preferences = new Map<string, number>();

/**
 * `tc` comes with `ip`. Where the kernel has no plain drop action (CONFIG_NET_ACT_GACT), redirecting into a device that
 * is down does the same.
 */
const tc = (name: string, action: readonly string[], prepare: readonly (readonly string[])[]): DropWay => ({
  name,
  drop(a, b) {
    for (const argv of [...prepare, ['tc', 'qdisc', 'add', 'dev', 'lo', 'clsact']]) run(argv);
    const preference = 2 * preferences.size + 100;
    preferences.set(`${a}/${b}`, preference);
    return all(
      (['ip', 'ipv6'] as const).flatMap((protocol, offset) =>
        bothWays(a, b).map(([from, to]) => () => {
          const match = protocol === 'ip' ? 'ip' : 'ip6';
          const ports = ['match', match, 'protocol', '6', '0xff', 'match', match, 'sport', `${from}`, '0xffff'];
          return run([
            ...['tc', 'filter', 'add', 'dev', 'lo', 'ingress', 'protocol', protocol, 'prio', `${preference + offset}`],
            ...['u32', ...ports, 'match', match, 'dport', `${to}`, '0xffff', 'action', ...action],
          ]);
        }),
      ),
    );
  },
  heal(a, b) {
    const preference = preferences.get(`${a}/${b}`) ?? 100;
    return each(
      [preference, preference + 1].map(
        (prio) => () => run(['tc', 'filter', 'del', 'dev', 'lo', 'ingress', 'prio', `${prio}`]),
      ),
    );
  },
});

const tcDrop = tc('tc drop', ['drop'], []);
const tcRedirect = tc(
  'tc redirect',
  ['mirred', 'egress', 'redirect', 'dev', hole],
  ['ifb', 'dummy'].map((type) => ['ip', 'link', 'add', hole, 'type', type]),
);

function routingRules(what: 'add' | 'del', a: number, b: number) {
  return ['-4', '-6'].flatMap((family) =>
    bothWays(a, b).map(
      ([from, to]) =>
        () =>
          run([
            ...['ip', family, 'rule', what, 'pref', '10', 'ipproto', 'tcp'],
            ...['sport', `${from}`, 'dport', `${to}`, 'blackhole'],
          ]),
    ),
  );
}

/** Rules on ports stand before the table of local addresses only once that table's own rule has made room. */
const ipRule: DropWay = {
  name: 'ip rule',
  drop(a, b) {
    for (const family of ['-4', '-6']) {
      run(['ip', family, 'rule', 'add', 'pref', '100', 'table', 'local']);
      run(['ip', family, 'rule', 'del', 'pref', '0']);
    }
    return all(routingRules('add', a, b));
  },
  heal: (a, b) => each(routingRules('del', a, b)),
};

export const dropWays: readonly DropWay[] = [nft, iptables, tcDrop, tcRedirect, ipRule];
