# A chat like the one of Tornado's "demos/websocket": write_message() to every waiter, not awaited; ids are random UUIDs.
import asyncio
import os
import uuid

import tornado.escape
import tornado.web
import tornado.websocket


class ChatSocket(tornado.websocket.WebSocketHandler):
    waiters = set()

    def open(self):
        ChatSocket.waiters.add(self)

    def on_close(self):
        ChatSocket.waiters.remove(self)

    def on_message(self, message):
        body = tornado.escape.json_decode(message)["body"]
        for waiter in ChatSocket.waiters:
            waiter.write_message({"id": str(uuid.uuid4()), "body": body})


async def main():
    tornado.web.Application([(r"/chatsocket", ChatSocket)]).listen(int(os.environ["PORT"]), "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main())
