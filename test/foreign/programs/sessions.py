"""sessions.py COUNT URL: COUNT visitors log in, each with a session of requests, and come back.
Prints a line for each: what the application said at the login and after it.
"""
import sys

import requests

count, url = int(sys.argv[1]), sys.argv[2]
for visitor in range(count):
    with requests.Session() as session:
        paths = ["/me", f"/login/ada{visitor}", "/me", "/me"]
        print(" | ".join(session.get(url + path, timeout=30).text for path in paths))
