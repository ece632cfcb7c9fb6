"""A Spawner that does what the user_options of each spawn say, so each test writes its own script.

user_options (all optional; without any, a server starts at once):
  start, progress, stop, cancel   lists of steps, run in order; the server's process starts after
                                  `start`, and `cancel` runs where a start is cancelled
  server                          an object for stand_in.py, or "jupyterhub-singleuser" for the real
                                  server
  start_timeout, http_timeout, poll_interval   seconds
A step is an object with one of these keys:
  wait: SECONDS
  gate: NAME         waits until the test opens the gate, by creating the file gates/NAME
  say: VALUE         yields any JSON value (progress only)
  say_object: true   yields something that is not JSON (progress only)
  fail: TEXT         raises; with `status` an HTTPError of that status and reason TEXT,
                     with `message` and `html` the texts that JupyterHub shows to users
"""

import asyncio
import json
import os
import sys

import jupyterhub
from jupyterhub.spawner import SimpleLocalProcessSpawner
from tornado import web
from traitlets import Unicode

HERE = os.path.dirname(os.path.abspath(__file__))


class ScriptedError(Exception):
    """An error with texts for the user, where the script has them."""

    def __init__(self, step):
        super().__init__(step["fail"])
        if "message" in step:
            self.jupyterhub_message = step["message"]
        if "html" in step:
            self.jupyterhub_html_message = step["html"]


class ScriptedSpawner(SimpleLocalProcessSpawner):
    folder = Unicode(help="Where gates, process ids and home folders are").tag(config=True)

    def script(self, name):
        steps = (self.user_options or {}).get(name)
        return steps if isinstance(steps, list) else []

    async def run_step(self, step):
        if "wait" in step:
            await asyncio.sleep(step["wait"])
        elif "gate" in step:
            gate = os.path.join(self.folder, "gates", step["gate"])
            while not os.path.exists(gate):
                await asyncio.sleep(0.05)
        elif "status" in step:
            raise web.HTTPError(step["status"], "a text for the log", reason=step["fail"])
        elif "fail" in step:
            raise ScriptedError(step)

    async def run_steps(self, name):
        for step in self.script(name):
            await self.run_step(step)

    @property
    def wanted_server(self):
        return (self.user_options or {}).get("server") or {}

    def run_pre_spawn_hook(self):
        for name in ("start_timeout", "http_timeout", "poll_interval"):
            if name in (self.user_options or {}):
                setattr(self, name, self.user_options[name])
        return super().run_pre_spawn_hook()

    def get_env(self):
        env = super().get_env()
        if self.wanted_server != "jupyterhub-singleuser":
            gates = os.path.join(self.folder, "gates")
            stand_in = dict(self.wanted_server, hub_version=jupyterhub.__version__, gates=gates)
            env["STAND_IN"] = json.dumps(stand_in)
        return env

    async def start(self):
        self.home_dir = os.path.join(self.folder, "home", self.user.name)
        if self.wanted_server == "jupyterhub-singleuser":
            self.cmd = [sys.executable, "-m", "jupyterhub.singleuser", "--allow-root"]
        else:
            self.cmd = [sys.executable, os.path.join(HERE, "stand_in.py")]
        try:
            await self.run_steps("start")
        except asyncio.CancelledError:
            await self.run_steps("cancel")
            raise
        address = await super().start()
        # hub.ts ends what still runs when its test is over.
        open(os.path.join(self.folder, "processes", str(self.pid)), "w").close()
        return address

    async def progress(self):
        for step in self.script("progress"):
            if "say" in step:
                yield step["say"]
            elif "say_object" in step:
                yield {"message": object()}
            else:
                await self.run_step(step)

    async def stop(self, now=False):
        await self.run_steps("stop")
        await super().stop(now=now)
