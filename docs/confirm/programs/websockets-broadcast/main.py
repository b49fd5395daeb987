# The server of the `websockets` documentation's topic "Broadcasting": broadcast() to all connections, here the
# time of day ten times a second. No number in it: a timestamp is no id. SIGTERM ends it at once.
import asyncio
import datetime
import json
import os

from websockets.asyncio.server import broadcast, serve

CONNECTIONS = set()


async def register(websocket):
    CONNECTIONS.add(websocket)
    try:
        await websocket.wait_closed()
    finally:
        CONNECTIONS.remove(websocket)


async def show_time():
    while True:
        now = datetime.datetime.now(datetime.timezone.utc).isoformat()
        broadcast(CONNECTIONS, json.dumps({"time": now}))
        await asyncio.sleep(0.1)


async def main():
    async with serve(register, "127.0.0.1", int(os.environ["PORT"])):
        await show_time()


asyncio.run(main())
