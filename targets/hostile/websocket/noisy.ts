/** Hostile: prints 1 GB to stdout as fast as it is read, without and with line ends, and leaves behind children that outlive it and have no pipe of ours. */
import { spawn } from 'node:child_process';
import { startServer } from '../../websocket-server';
import { unsafe } from '../unsafe-text';

const GB = 1e9;
const line = Buffer.from(`${unsafe}::error::owned\n`.repeat(500));
const lineless = Buffer.alloc(256 * 1024, 'x');

function pour(left: number): void {
  const piece = left > GB / 2 ? lineless : line;
  if (left > 0) process.stdout.write(piece, () => pour(left - piece.length));
}

startServer();
for (let i = 0; i < 3; i++)
  spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' }).unref();
pour(GB);
