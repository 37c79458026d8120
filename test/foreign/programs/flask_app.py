"""An application of Flask: `gunicorn flask_app:app`."""
import os

from flask import Flask, Response, jsonify, request, session
from werkzeug.middleware.proxy_fix import ProxyFix

app = Flask(__name__)
app.secret_key = "the same for all versions"
VERSION = os.environ.get("VERSION", "")


@app.get("/")
def index():
    return "hello"


@app.route("/length", methods=["GET", "POST"])
def length():
    return str(len(request.get_data()))


@app.get("/large/<int:count>")
def large(count):
    return "x" * count


@app.route("/framing", methods=["POST"])
def framing():
    """How the request's body came."""
    request.get_data()
    return str(request.headers.get("content-length", request.headers.get("transfer-encoding")))


@app.post("/refuse")
def refuse():
    """Answers without reading the body."""
    return Response("who are you?", 401)


@app.get("/cookies/<int:count>")
def cookies(count):
    response = Response("cookies")
    for number in range(count):
        response.set_cookie(f"c{number}", "v")
    return response


@app.get("/login/<user>")
def login(user):
    session["user"] = user
    return f"{VERSION} {user}"


@app.get("/me")
def me():
    """Renews the session by counting in it."""
    session["seen"] = session.get("seen", 0) + 1
    return f"{VERSION} {session.get('user', 'nobody')}"


@app.get("/who")
def who():
    return jsonify(address=request.remote_addr, scheme=request.scheme, host=request.host)


# The balancer's and the sidecar's words count, and none before.
behind_two_proxies = ProxyFix(app, x_for=2, x_proto=1)
# There is one address: the balancer itself has none at a Unix socket, or gives way to its client.
behind_one_proxy = ProxyFix(app, x_for=1, x_proto=1)
