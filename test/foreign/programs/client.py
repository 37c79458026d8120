"""client.py LIBRARY BYTES COUNT URL...: sends COUNT requests to each URL, one after the other and
each on a connection of its own; POSTs with BYTES of body, or GETs for 0. Prints a line for each:
the status, or the error.
"""
import asyncio
import sys

import aiohttp
import httpx
import requests

library, size, count, urls = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
method = "GET" if size == 0 else "POST"
body = b"x" * size if size else None


def with_requests(url):
    return requests.request(method, url, data=body, timeout=30).status_code


def with_httpx(url):
    return httpx.request(method, url, content=body, timeout=30).status_code


async def aiohttp_status(url):
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        async with session.request(method, url, data=body) as response:
            await response.read()
            return response.status


def with_aiohttp(url):
    return asyncio.run(aiohttp_status(url))


send = {"requests": with_requests, "httpx": with_httpx, "aiohttp": with_aiohttp}[library]
for url in urls:
    for _ in range(count):
        try:
            print(send(url))
        except Exception as error:
            print(repr(error).replace("\n", " "))
