import { every } from '../harness/clock.js';
import { defineFault } from '../harness/define.js';
import type { StartedServer } from '../harness/target/server.js';

const LOOK_MS = 100;

/** A machine that swaps, a VM that is moved, a process that stands in a debugger: alive for the kernel, dead for everybody else. */
export default defineFault<StartedServer, Record<string, never>>({
  id: 'pause',
  hop: 'process',
  about:
    'SIGSTOP to the whole tree of the server, or its container paused: its sockets live, nobody reads them; SIGCONT heals',
  evidence: 'a process stopped that lives',
  params: {},
  byHand: { subject: 'server', whole: true, defaults: {} },
  async inject(server, _, { bite }) {
    const { container } = server;
    if (container) {
      await container.pause();
      if (server.alive()) bite({ pid: server.pid ?? 0, processes: Math.max(1, server.pids().length) });
      return () => container.unpause();
    }
    const paused = new Set<number>();
    const stop = () => {
      for (const pid of server.pids()) {
        if (paused.has(pid) || server.process?.signal('SIGSTOP', pid) !== true) continue;
        paused.add(pid);
      }
    };
    stop();
    if (paused.size > 0 && server.alive()) bite({ pid: server.pid ?? 0, processes: paused.size });
    // A child that was being started meanwhile.
    const looking = every(LOOK_MS, stop);
    return () => {
      looking[Symbol.dispose]();
      for (const pid of paused) server.process?.signal('SIGCONT', pid);
    };
  },
});
