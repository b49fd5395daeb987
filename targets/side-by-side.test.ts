import { type Load, type Proof, proveSideBySide } from './side-by-side.js';

const HANDS_OVER = async () => {
  await new Promise(setImmediate);
};

describe('proofs side by side', () => {
  /** Of each load so many; the most of each that ran at once, and what was told. */
  async function run(
    counts: Readonly<Record<Load, number>>,
    wrong: (name: string, tries: number) => readonly string[],
  ) {
    const now: Record<Load, number> = { alone: 0, waits: 0, real: 0, compares: 0, works: 0 };
    const most = { ...now };
    const tries = new Map<string, number>();
    const told: string[] = [];
    const proofs = (Object.keys(counts) as Load[]).flatMap((load) =>
      Array.from({ length: counts[load] }, (_, i): Proof => {
        const name = `${load} ${i}`;
        return {
          name,
          load,
          again: 2,
          async run() {
            tries.set(name, (tries.get(name) ?? 0) + 1);
            now[load] += 1;
            most[load] = Math.max(most[load], now[load]);
            await HANDS_OVER();
            now[load] -= 1;
            return wrong(name, tries.get(name) ?? 0);
          },
        };
      }),
    );
    await proveSideBySide(proofs, {
      onProof: (name, found) => told.push(`${name}: ${found.join()}`),
      onAgain: () => {},
    });
    return { most, tries, told };
  }

  test('each is run once, and as many at once as go together', async () => {
    const { most, tries, told } = await run({ alone: 3, waits: 20, real: 2, compares: 5, works: 8 }, () => []);
    expect(most).toEqual({ alone: 1, waits: 5, real: 1, compares: 2, works: 2 });
    expect([...tries.values()].every((n) => n === 1)).toBe(true);
    expect(told).toHaveLength(38);
  });

  test('what comes out wrong is tried twice more, and told once', async () => {
    const { tries, told } = await run({ alone: 0, waits: 3, real: 0, compares: 0, works: 0 }, (name, n) =>
      name === 'waits 1' || (name === 'waits 2' && n === 1) ? ['no'] : [],
    );
    expect([...tries.values()]).toEqual([1, 3, 2]);
    expect(told.sort()).toEqual(['waits 0: ', 'waits 1: no', 'waits 2: ']);
  });
});
