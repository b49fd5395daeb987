import pino, { type Logger } from 'pino';

/**
 * The harness's own health, one JSON object a line: constant messages, facts as fields. The history is the record; this
 * is not. Written synchronously, so that the lines before a crash of ours are there.
 */
export function createLog(path: string): Logger {
  return pino(
    { base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: path, sync: true, mkdir: true }),
  );
}

export type Log = Logger;
