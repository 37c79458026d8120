"""An ASGI application for hypercorn, with the paths of go/http2-origin."""

PATHS = {
    "/hello": (200, b"hello"),
    "/version": (200, b"v1"),
}


async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    path = scope["path"]
    status, body = PATHS.get(path, (418, b"short and stout"))
    if path.startswith("/number/"):
        status, body = 200, path.removeprefix("/number/").encode() + b"\n"
    if path == "/echo":
        status, body = 200, b""
    await send({"type": "http.response.start", "status": status, "headers": []})
    while path == "/echo":
        message = await receive()
        chunk = {"type": "http.response.body", "body": message["body"], "more_body": True}
        await send(chunk)
        if not message["more_body"]:
            break
    await send({"type": "http.response.body", "body": body})
