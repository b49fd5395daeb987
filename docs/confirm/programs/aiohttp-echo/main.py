# The WebSocket handler of aiohttp's documentation ("WebSockets" in the server quickstart), under web.run_app.
# The handler has no heartbeat and is not told of the shutdown.
import os

import aiohttp
from aiohttp import web


async def handler(request):
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    async for message in ws:
        if message.type == aiohttp.WSMsgType.TEXT:
            if message.data == "close":
                await ws.close()
            else:
                await ws.send_str(message.data + "/answer")
        elif message.type == aiohttp.WSMsgType.ERROR:
            print("connection closed with", ws.exception())
    return ws


app = web.Application()
app.add_routes([web.get("/ws", handler)])
web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]))
