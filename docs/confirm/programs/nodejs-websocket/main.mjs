// The README of nodejs-websocket: the "scream server" ("hi" -> "HI!!!"), without an error handler, as shown there.
import ws from 'nodejs-websocket';

ws.createServer((connection) => {
  connection.on('text', (text) => connection.sendText(`${text.toUpperCase()}!!!`));
  connection.on('close', () => console.log('Connection closed'));
}).listen(Number(process.env.PORT));
