"""Handlers for connmix-durable in Python: one file, no dependencies, Python 3.8 or newer.

    from connmix_worker import Permanent, RetryAfter, run

    def handle(message):
        if message.text == "join":
            message.subscribe("room:7")
            message.publish("room:7", f"{message.client} joined")
        message.send(f"received: {message.text}")

    run(handle)

    connmix-durable consume --topic chat --worker python3 handler.py

What the function asks for is committed together with the mark that the message is done, or not at all: where it raises, the attempt has
failed and none of it is sent. `Permanent` gives the message up at once, `RetryAfter` chooses the pause. What it prints goes to stderr;
stdout belongs to the protocol.
"""

import base64
import json
import os
import sys

__all__ = ["Message", "Permanent", "RetryAfter", "run"]


class Permanent(Exception):
    """The message can never be handled: it is dead at once, with this reason."""


class RetryAfter(Exception):
    """The message is tried again after so many seconds."""

    def __init__(self, seconds, reason="tried again later"):
        super().__init__(reason)
        self.seconds = min(max(float(seconds), 0.0), 1e7)


class Message:
    """A message, and the commands that its handler asks for."""

    def __init__(self, line):
        self.id = line["id"]
        self.topic = line["topic"]
        self.node = line["node"]
        #: The end user's connection: digits, as text.
        self.client = line["client"]
        #: Which attempt it is, from 1.
        self.attempt = line["attempt"]
        self.received_at = line["received_at"]
        #: What the Lua code pushed; by convention `{"frame": {"type", "data"}}`.
        self.data = line.get("data")
        self.commands = []

    @property
    def text(self):
        """The end user's text; None where the data is no frame."""
        frame = self.data.get("frame") if isinstance(self.data, dict) else None
        return frame.get("data") if isinstance(frame, dict) else None

    def json(self):
        """The end user's text, read as JSON."""
        return json.loads(self.text)

    def send(self, data, client=None):
        """Sends text or bytes to an end user, by default the one who sent this message."""
        self._mesh("mesh.send", client or self.client, data)

    def publish(self, channel, data):
        self._mesh("mesh.publish", channel, data)

    def subscribe(self, *channels, client=None):
        self._call("subscribe", list(channels), client)

    def unsubscribe(self, *channels, client=None):
        self._call("unsubscribe", list(channels), client)

    def set_context_value(self, key, value, client=None):
        self._call("set_context_value", [key, value], client)

    def set_context(self, values, client=None):
        self._call("set_context", [dict(values)], client)

    def request(self, method, params):
        """Any request, as on the wire."""
        self.commands.append({"m": method, "p": params})

    def _call(self, function, arguments, client):
        self.request("conn.call", {"c": str(client or self.client), "f": function, "a": arguments})

    def _mesh(self, method, target, data):
        params = {"c": str(target)}
        if isinstance(data, (bytes, bytearray, memoryview)):
            params.update(d=base64.b64encode(data).decode(), t="binary")
        else:
            params["d"] = str(data)
        self.request(method, params)


def run(handle):
    """Handles messages until connmix-durable closes stdin."""
    # Whoever prints, in C too, prints to stderr from now on.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    process = os.getpid()
    for line in sys.stdin.buffer:
        message = Message(json.loads(line))
        last = False
        try:
            handle(message)
            answer = {"ok": True, "commands": message.commands}
            text = json.dumps({"id": message.id, **answer}, allow_nan=False)
        except Permanent as error:
            text = json.dumps({"id": message.id, "ok": False, "error": str(error), "permanent": True})
        except RetryAfter as error:
            text = json.dumps({"id": message.id, "ok": False, "error": str(error), "retry_after": error.seconds})
        except SystemExit as error:
            if os.getpid() != process:  # a child that the handler forked answers for nobody
                raise
            last = True
            text = json.dumps({"id": message.id, "ok": False, "error": f"the handler ended the process: {error.code}", "last": True})
        except Exception as error:
            text = json.dumps({"id": message.id, "ok": False, "error": f"{type(error).__name__}: {error}"})
        sys.stdout.flush()
        answers.write(text + "\n")
        answers.flush()
        if last:
            raise SystemExit(0)
