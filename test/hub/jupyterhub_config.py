"""Configures a JupyterHub on loopback for tests.

Every value comes from the file that LAB_TEST_HUB names, which hub.ts writes. hub.ts also starts the
proxy, which outlives a Hub that is stopped, killed or restarted.
"""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from scripted_spawner import ScriptedSpawner  # noqa: E402

with open(os.environ["LAB_TEST_HUB"]) as file:
    settings = json.load(file)
folder = settings["folder"]

c = get_config()  # noqa: F821
c.JupyterHub.bind_url = settings["bind_url"]
c.JupyterHub.hub_bind_url = settings["hub_bind_url"]
c.JupyterHub.subdomain_host = settings["subdomain_host"]
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = settings["proxy_api_url"]
c.ConfigurableHTTPProxy.auth_token = settings["proxy_token"]
c.JupyterHub.db_url = f"sqlite:///{folder}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = f"{folder}/cookie_secret"
# Servers and routes survive the Hub, as they do in a deployment where the Hub is a pod of its own.
c.JupyterHub.cleanup_servers = False
c.JupyterHub.cleanup_proxy = False

c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True

c.JupyterHub.spawner_class = ScriptedSpawner
c.ScriptedSpawner.folder = folder
c.ScriptedSpawner.consecutive_failure_limit = 0
# A server that died is noticed by whoever looks, and not by a poll in the middle of a test.
c.ScriptedSpawner.poll_interval = 3600
c.JupyterHub.allow_named_servers = settings["named_servers"]
c.JupyterHub.named_server_limit_per_user = settings["named_server_limit"]
c.JupyterHub.active_server_limit = settings["active_server_limit"]
c.JupyterHub.concurrent_spawn_limit = settings["concurrent_spawn_limit"]
c.JupyterHub.tornado_settings = {
    "slow_spawn_timeout": settings["slow_spawn_timeout"],
    "slow_stop_timeout": settings["slow_stop_timeout"],
}

c.JupyterHub.services = [{"name": "tests", "api_token": settings["admin_token"]}]
c.JupyterHub.load_roles = [
    {
        "name": "tests",
        "services": ["tests"],
        "scopes": ["admin:users", "admin:servers", "tokens", "access:servers", "list:users"],
    },
    # Lets a token of the user reach into the user's own server.
    {"name": "user", "scopes": ["self"]},
]
