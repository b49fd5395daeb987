/** Hostile: forks 300 processes that outlive it, each in a session of its own and nobody's child. Whatever else it does is right. */
import { spawn } from 'node:child_process';
import { startServer } from '../../websocket-server';

const EVERY_MS = 20;
let left = 300;

startServer();
const forking = setInterval(() => {
  if (left-- <= 0) return clearInterval(forking);
  spawn('sh', ['-c', 'setsid sh -c "sleep 1000 & sleep 1000 &" &'], { stdio: 'ignore' }).on('error', () => {});
}, EVERY_MS * 2);
