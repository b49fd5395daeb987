// socket.io-client with its default options over WebSocket alone; to a server with connection state recovery it presents
// its session and the last offset by itself.
import { io } from 'socket.io-client';

const { protocol, host } = new URL(process.env.TARGET_URL);
const socket = io(`${protocol === 'wss:' ? 'https' : 'http'}://${host}`, { transports: ['websocket'] });
const say = (event) => console.log(JSON.stringify(event));
socket.on('connect', () => say({ event: 'open', recovered: socket.recovered }));
socket.on('disconnect', () => say({ event: 'close' }));
socket.on('tick', (data) => say({ event: 'message', id: data.tick }));
