import pino, { type Logger } from 'pino';
import { withoutSecrets } from './secrets.js';

/**
 * The harness's own health, one JSON object a line: constant messages, facts as fields. The history is the record; this
 * is not. Written synchronously, so that the lines before a crash of ours are there.
 */
export function createLog(path: string): Logger {
  const file = pino.destination({ dest: path, sync: true, mkdir: true });
  // A full disk ends the run by its history; that it cannot be told here as well is no second reason.
  file.on('error', () => undefined);
  const formatters = { log: (facts: object) => withoutSecrets(facts as Record<string, unknown>) };
  return pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters }, file);
}

export type Log = Logger;
