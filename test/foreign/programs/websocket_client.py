"""websocket_client.py URL COUNT: the client of the websockets library, with its compression. Sends
messages up to 1 MiB and prints how many came back as they were.
"""
import asyncio
import sys

from websockets.asyncio.client import connect


async def main():
    same = 0
    async with connect(sys.argv[1], max_size=None) as connection:
        for number in range(int(sys.argv[2])):
            size = (number * 104_729) % (1 << 20)
            sent = str(number) * size if number % 2 else bytes([number % 256]) * size
            await connection.send(sent[:size])
            same += await connection.recv() == sent[:size]
    print(same)


asyncio.run(main())
