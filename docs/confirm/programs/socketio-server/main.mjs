// socket.io with "Connection state recovery" as its documentation shows, pushing a numbered tick every 100 ms.
// Over WebSocket only (`?EIO=4&transport=websocket`); packets are engine.io's, the offset is the packet's last argument.
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const http = createServer();
const io = new Server(http, { connectionStateRecovery: { maxDisconnectionDuration: 2 * 60 * 1000 } });
let tick = 0;
setInterval(() => io.emit('tick', { tick: ++tick }), 100);
http.listen(Number(process.env.PORT));
