"""A stand-in for a single-user server: small, starts quickly, needs the standard library only.

The environment variable STAND_IN is a JSON object (all keys optional):
  kind: "jupyter"  responds to `api` and `api/status` as Jupyter Server does, and with 404 in JSON
                   to everything else (the default)
        "oauth"    has no `api` and redirects everybody to the Hub to sign in, as a proxy in front
                   of RStudio does
        "sign-in"  has no `api` and redirects to a page of its own, as RStudio does behind such a
                   proxy
        "page"     has no `api` and responds to everything with a web page and 404
  listen: GATE     listens once the test has opened that gate
  die: GATE        ends once the test has opened that gate
  mute: true       accepts connections and never responds
  exit: CODE       ends at once
"""

import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlencode, urlsplit

settings = json.loads(os.environ["STAND_IN"])
prefix = os.environ["JUPYTERHUB_SERVICE_PREFIX"]
address = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
kind = settings.get("kind", "jupyter")

# In case the test that started this server ends without ending it.
limit = threading.Timer(600, os._exit, [9])
# Otherwise the process would not end at an interrupt, and the Hub would wait ten seconds for it.
limit.daemon = True
limit.start()


def wait_for(gate):
    while not os.path.exists(os.path.join(settings["gates"], gate)):
        time.sleep(0.05)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Sends a response in one piece. The proxy never ends one whose server dies in the middle of it.
    wbufsize = -1

    def answer(self, status, content_type, body, location=None):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("X-JupyterHub-Version", settings["hub_version"])
        self.send_header("Content-Length", str(len(body)))
        if location is not None:
            self.send_header("Location", location)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def answer_json(self, status, value):
        self.answer(status, "application/json", json.dumps(value).encode())

    def redirect(self, location):
        self.answer(302, "text/html; charset=utf-8", b"", location)

    def do_GET(self):
        if settings.get("mute"):
            time.sleep(3600)
        path = urlsplit(self.path).path
        below = path[len(prefix) :].strip("/") if path.startswith(prefix) else None
        if kind == "oauth":
            query = urlencode(
                {
                    "client_id": os.environ["JUPYTERHUB_CLIENT_ID"],
                    "redirect_uri": os.environ["JUPYTERHUB_OAUTH_CALLBACK_URL"],
                    "response_type": "code",
                }
            )
            host = os.environ.get("JUPYTERHUB_HOST", "")
            base = os.environ["JUPYTERHUB_BASE_URL"]
            self.redirect(f"{host}{base}hub/api/oauth2/authorize?{query}")
        elif kind == "sign-in":
            self.redirect(f"{prefix}auth-sign-in?appUri=%2F")
        elif kind == "page":
            self.answer(404, "text/html; charset=utf-8", b"<h1>Not here</h1>")
        elif below == "api":
            self.answer_json(200, {"version": "2.0.0-stand-in"})
        elif below == "api/status":
            if self.headers.get("Authorization"):
                self.answer_json(200, {"connections": 0, "kernels": 0})
            else:
                self.answer_json(403, {"message": "Forbidden", "reason": None})
        else:
            self.answer_json(404, {"message": "Not Found", "reason": None})

    do_HEAD = do_GET

    def log_message(self, *args):
        pass


if "exit" in settings:
    os._exit(settings["exit"])
if "listen" in settings:
    wait_for(settings["listen"])
if "die" in settings:

    def die():
        wait_for(settings["die"])
        os._exit(3)

    threading.Thread(target=die, daemon=True).start()
ThreadingHTTPServer((address.hostname, address.port), Handler).serve_forever()
