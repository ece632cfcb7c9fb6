# The script of shortest-spawn.js in Python, with httpx and httpx-sse.
import json
import os
import sys

import httpx
from httpx_sse import connect_sse

base = f"{os.environ['LAB_CONTROLLER']}/spawner/v1"
with open(os.environ["LAB_TOKEN_FILE"]) as file:
    headers = {"authorization": f"Bearer {file.read().strip()}"}
body = {
    "options": {"image_class": "recommended", "size": "small"},
    "env": {"JUPYTERHUB_SERVICE_PREFIX": "/nb/user/demo/"},
}
with httpx.Client(headers=headers) as client:
    client.post(f"{base}/labs/demo/create", json=body).raise_for_status()
    with connect_sse(client, "GET", f"{base}/labs/demo/events") as source:
        complete = any(json.loads(sse.data) and sse.event == "complete" for sse in source.iter_sse())
    print(client.get(f"{base}/user-status").json()["internal_url"])
sys.exit(0 if complete else 1)
