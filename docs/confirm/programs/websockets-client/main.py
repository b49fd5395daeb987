# The client of the `websockets` documentation: "connect() can be used as an infinite asynchronous iterator to
# reconnect automatically on errors". Pings every 20 s; backoff: 0-5 s at random, then 3.1 s x 1.618, up to 90 s.
import asyncio
import os

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed


async def main():
    async for websocket in connect(os.environ["TARGET_URL"]):
        try:
            async for message in websocket:
                print("received:", message)
        except ConnectionClosed:
            continue


asyncio.run(main())
