"""http2_client.py URL: as go/http2-client, by httpx, which shows no trailers."""
import asyncio
import os
import ssl
import sys

import httpx

LARGE_BYTES = 3 << 20
PARALLEL = 32
SHIFT_REQUESTS = 600
SHIFT_STREAMS = 8

url = sys.argv[1]
roots = os.environ.get("CA_FILE")
verify = ssl.create_default_context(cafile=roots) if roots else False


def text_of(response):
    return f"{response.http_version.removeprefix('HTTP/')} {response.status_code} {response.text}"


async def large(client):
    sent = bytes((at * 31 ^ at >> 8) & 255 for at in range(LARGE_BYTES))
    response = await client.post("/echo", content=sent)
    return f"2 {response.status_code} same: {str(response.content == sent).lower()}"


async def many(client, count, streams, path, is_right):
    numbers = iter(range(count))
    wrong = []

    async def work():
        for number in numbers:
            try:
                text = text_of(await client.get(path(number)))
            except httpx.HTTPError as error:
                text = repr(error)
            if not is_right(number, text):
                wrong.append(f"{number} {text}")

    await asyncio.gather(*(work() for _ in range(streams)))
    return f"{len(wrong)} wrong, one of them: {wrong[0]}" if wrong else f"{count} right"


async def main():
    # http1=False: in clear it knows beforehand that the other side speaks HTTP/2.
    async with httpx.AsyncClient(
        http1=bool(roots), http2=True, verify=verify, base_url=url, timeout=30
    ) as client:

        async def get(path):
            return text_of(await client.get(path))

        async def post():
            return text_of(await client.post("/echo", content=b"a small body"))

        async def parallel():
            return await many(
                client,
                PARALLEL,
                PARALLEL,
                lambda number: f"/number/{number}",
                lambda number, text: text == f"2 200 {number}\n",
            )

        async def shift():
            return await many(
                client,
                SHIFT_REQUESTS,
                SHIFT_STREAMS,
                lambda _: "/version",
                lambda _, text: text in ("2 200 v1", "2 200 v2"),
            )

        cases = {
            "get": lambda: get("/hello"),
            "post": post,
            "large": lambda: large(client),
            "error": lambda: get("/teapot"),
            "parallel": parallel,
            "shift": shift,
        }
        for name, attempt in cases.items():
            try:
                text = await attempt()
            except Exception as error:
                text = f"failed: {error!r}"
            print(f"{name}: {text}", flush=True)


asyncio.run(main())
