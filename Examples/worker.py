#!/usr/bin/env python3
"""A worker for connmix-durable: one line of JSON in, one line out.

    connmix-durable consume --topic chat --concurrency 2 --worker python3 Examples/worker.py

Answers every message, puts the end user into a channel at its first one, and shows the three ways to fail.
"""

import json
import sys


def handle(message):
    client = message["client"]
    text = message["data"].get("frame", {}).get("data", "")
    if text == "later":
        return {"ok": False, "error": "not now", "retry_after": 0.2} if message["attempt"] == 1 else answer(client, text)
    if text == "never":
        return {"ok": False, "error": "no such order", "permanent": True}
    if text == "oops":
        raise ValueError("a bug in the handler")
    if text == "join":
        return {
            "ok": True,
            "commands": [
                {"m": "conn.call", "p": {"c": client, "f": "subscribe", "a": ["room:7"]}},
                {"m": "mesh.publish", "p": {"c": "room:7", "d": f"{client} joined"}},
            ],
        }
    return answer(client, text)


def answer(client, text):
    return {"ok": True, "commands": [{"m": "mesh.send", "p": {"c": client, "d": "received: " + text}}]}


for line in sys.stdin:
    message = json.loads(line)
    try:
        result = handle(message)
    except Exception as error:  # the message is tried again by the consumer's policy
        result = {"ok": False, "error": f"{type(error).__name__}: {error}"}
    result["id"] = message["id"]
    print(json.dumps(result), flush=True)
