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
failed and none of it is sent. `Permanent` gives the message up at once, `RetryAfter` chooses the pause. What it prints goes to stderr, as
does a line with the entry's number and the place of an error; stdout belongs to the protocol.
"""

import base64
import json
import os
import sys

__all__ = ["Message", "Permanent", "RetryAfter", "run"]

# The journal keeps 4 KiB of an error: beside a long message what it came from must have room.
_MESSAGE_LIMIT = 2000
_PREVIOUS_LIMIT = 500
_MOST_PREVIOUS = 3
_encode = json.JSONEncoder(allow_nan=False).encode


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
        self._call("set_context_value", [key, value], client, key=key, value=value)

    def set_context(self, values, client=None):
        self._call("set_context", [dict(values)], client, values=values)

    def request(self, method, params):
        """Any request, as on the wire."""
        self._add("request", {"method": method, "params": params}, method, params)

    def _add(self, caller, named, method, params):
        request = {"m": method, "p": params}
        try:
            _encode(request)
        except (TypeError, ValueError) as error:
            # In the handler's line, by the name of the argument.
            culprit = next((name for name, value in named.items() if not _is_json(value)), "arguments")
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"{error}: the {culprit} of {caller}") from None
        self.commands.append(request)

    def _call(self, function, arguments, client, **named):
        params = {"c": str(client or self.client), "f": function, "a": arguments}
        self._add(function, named or {"channels": arguments}, "conn.call", params)

    def _mesh(self, method, target, data):
        params = {"c": str(target)}
        if isinstance(data, (bytes, bytearray, memoryview)):
            params.update(d=base64.b64encode(data).decode(), t="binary")
        else:
            params["d"] = str(data)
        self.commands.append({"m": method, "p": params})  # text can always be sent


def _is_json(value):
    try:
        _encode(value)
    except (TypeError, ValueError):
        return False
    return True


def _cut(text, limit):
    return text if len(text) <= limit else text[:limit] + "…"


def _place(error):
    """Where the handler was: what it did wrong may be noticed in this file."""
    place = ""
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file != _place.__code__.co_filename:
            place = f" ({os.path.basename(file)}:{trace.tb_lineno})"
        trace = trace.tb_next
    return place


def _words(error):
    """The error, and what it came from."""
    words, limit, count = "", _MESSAGE_LIMIT, 0
    while error is not None:
        if count > _MOST_PREVIOUS:
            return words + " <- …"
        text = str(error).strip()
        if isinstance(error, (Permanent, RetryAfter)) and count == 0:
            part = _cut(text, limit) or type(error).__name__ + _place(error)
        else:
            part = f"{type(error).__name__}: {_cut(text, limit)}" if text else type(error).__name__ + _place(error)
        words += (" <- " if count else "") + part
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        limit, count = _PREVIOUS_LIMIT, count + 1
    return words


def _tell(message, words, error):
    """Behind what the handler printed: which message it was about, and where."""
    place = _place(error)
    sys.stdout.flush()
    print(f"entry {message.id}: {words}{'' if words.endswith(place) else place}", file=sys.stderr, flush=True)


def run(handle):
    """Handles messages until connmix-durable closes stdin."""
    # Whoever prints, in C too, prints to stderr from now on, and at once: what a handler prints before it hangs says where it hangs.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(line_buffering=True)
    process = os.getpid()
    for line in sys.stdin.buffer:
        message = Message(json.loads(line))
        last = False
        try:
            handle(message)
            text = _encode({"id": message.id, "ok": True, "commands": message.commands})
        except SystemExit as error:
            if os.getpid() != process:  # a child that the handler forked answers for nobody
                raise
            last = True
            words = f"the handler ended the process: {error.code}"
            _tell(message, words, error)
            text = _encode({"id": message.id, "ok": False, "error": words, "last": True})
        except Exception as error:
            words = _words(error)
            answer = {"id": message.id, "ok": False, "error": words}
            if isinstance(error, Permanent):
                answer["permanent"] = True
            elif isinstance(error, RetryAfter):
                answer["retry_after"] = error.seconds
            else:
                _tell(message, words, error)
            text = _encode(answer)
        sys.stdout.flush()
        answers.write(text + "\n")
        answers.flush()
        if last:
            raise SystemExit(0)
