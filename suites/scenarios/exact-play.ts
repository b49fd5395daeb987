import { nowMs } from '../../harness/clock.js';
import type { Gate } from '../../harness/contract.js';
import { fillSlot } from '../../harness/drivers/resume.js';
import type { ScriptedServer, ScriptedStream } from '../../harness/drivers/sse-scripted.js';
import { kernelView } from '../../harness/probes/kernel-queues.js';
import type { ScenarioContext } from '../../harness/scenario.js';
import type { StartedClient } from '../../harness/target/client.js';

/** A client may need a JVM or a bundler to start. */
const ARRIVE_MS = 60_000;
const RETURN_MS = 60_000;
/** Between two packets, so that each is read by itself; on a busy machine it takes longer. */
const PACKET_MS = 10;
const TAKEN_MS = 300;
/** What was sent has been read by then. */
const READ_MS = 300;
/** Many forget the failures before only after a stream of 5 s, and would come back later and later. */
const HELD_MS = 5500;
const BEAT_MS = 1000;
/** Some look at the URL by a request of its own before they follow it, and leave. */
const LOOKS = 4;
/** Nine digits, as of our reference server. */
const [LOWEST, HIGHEST] = [100_000_000, 900_000_000];

interface Cast {
  readonly context: ScenarioContext;
  readonly server: ScriptedServer;
  readonly gate: Gate;
  readonly client: StartedClient;
}

/** One client, led from one stream to the next. */
export class Play {
  readonly context: ScenarioContext;
  private readonly cast: Cast;
  private taken = 0;
  private newest: number;

  constructor(cast: Cast) {
    this.cast = cast;
    this.context = cast.context;
    this.newest = cast.context.random.integer(LOWEST, HIGHEST);
  }

  nextId(): number {
    this.newest += 1;
    return this.newest;
  }

  /** The next stream that the client stays on; undefined where there is none. */
  async next(): Promise<ScriptedStream | undefined> {
    for (let look = 0; look < LOOKS; look++) {
      const stream = await this.nextRequest();
      if (!stream) return undefined;
      await this.read();
      if (!stream.gone) return stream;
    }
    return undefined;
  }

  private async nextRequest(): Promise<ScriptedStream | undefined> {
    const { context, server, client } = this.cast;
    const windowMs = this.taken === 0 ? ARRIVE_MS : context.ms(RETURN_MS);
    await context.watch(windowMs, () => server.streams.length > this.taken || client.process.exit !== undefined);
    const stream = server.streams[this.taken];
    if (stream) this.taken += 1;
    return stream;
  }

  /** Sends the blocks on this stream or, where the client leaves it by itself, on the next; undefined where it stays on none. */
  async give(first: ScriptedStream, blocks: readonly string[]): Promise<ScriptedStream | undefined> {
    let stream: ScriptedStream | undefined = first;
    for (let look = 0; stream && look < LOOKS; look++) {
      await this.send(stream, blocks);
      await this.hold(stream);
      await this.read();
      if (!stream.gone) return stream;
      stream = await this.next();
    }
    return undefined;
  }

  /** Until it has lasted for long enough to be no failure; some take a few seconds of silence for its end. */
  async hold(stream: ScriptedStream): Promise<void> {
    const endMs = stream.openedAtMs + this.context.ms(HELD_MS);
    while (nowMs() < endMs && !stream.gone) {
      stream.write(':\n');
      await this.context.watch(Math.min(BEAT_MS, Math.max(1, endMs - nowMs())));
    }
  }

  /** Sends each piece in a packet of its own, once the one before has been read; how many were read by themselves. */
  async send(stream: ScriptedStream, pieces: readonly (Buffer | string)[]): Promise<number> {
    const { gate } = this.cast;
    const passed = () => gate.live.reduce((sum, { downChunks }) => sum + downChunks, 0);
    // Where the kernel does not say what lies unread, the time must do.
    const taken = () => (kernelView(gate.port)?.queuedBytes ?? 0) === 0;
    let alone = 0;
    for (const piece of pieces) {
      const before = passed();
      stream.write(piece);
      await this.context.watch(PACKET_MS);
      if (await this.context.watch(TAKEN_MS, () => passed() > before && taken(), 1)) alone += 1;
    }
    return alone;
  }

  async read(): Promise<void> {
    await this.context.watch(READ_MS);
  }

  /** What of the ids that were given, told by their labels, the client presents where the target says it does. */
  presented(stream: ScriptedStream, labels: ReadonlyMap<string, string>): string {
    const { resume } = this.context.target;
    if (resume === undefined || (resume.in !== 'header' && resume.in !== 'query')) return 'undeclared';
    const { searchParams } = new URL(stream.target, 'http://scripted.invalid');
    const given = resume.in === 'header' ? stream.header(resume.name)?.toString('utf8') : searchParams.get(resume.name);
    const formOf = (id: string) => {
      const slot = fillSlot(resume, id);
      return 'value' in slot ? slot.value : id;
    };
    if (given === undefined || given === null || given === '') {
      return [...labels.keys()].some((id) => [...searchParams.values()].includes(id)) ? 'elsewhere' : 'nothing';
    }
    return [...labels].find(([id]) => formOf(id) === given)?.[1] ?? 'something else';
  }
}

/** An event as our reference server sends them; the id stands in its data, too. */
export function eventOf(id: number | string, fields = ''): string {
  return `id: ${id}\n${fields}data: ${dataOf(id)}\n\n`;
}

export function dataOf(id: number | string): string {
  return JSON.stringify({ type: 'message', seq: id, data: `message ${id}` });
}
