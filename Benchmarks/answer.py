"""A worker that answers each message with one command of 200 bytes."""

import json
import sys

text = "x" * 200
for line in sys.stdin:
    message = json.loads(line)
    commands = [{"m": "mesh.send", "p": {"c": message["client"], "d": text}}]
    print(json.dumps({"id": message["id"], "ok": True, "commands": commands}), flush=True)
