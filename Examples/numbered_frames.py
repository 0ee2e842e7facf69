#!/usr/bin/env python3
"""An end user that loses nothing: numbered frames, sent again until they are acknowledged.

    connmix-durable engine --acknowledge ack
    connmix-durable consume --topic chat --dedupe frame.data.user frame.data.n \
        --acknowledge ack --acknowledge-value frame.data.n --echo
    python3 Examples/numbered_frames.py 127.0.0.1:6790 ann 1000

Kill and start the consumer meanwhile, as often as you like: every number is handled once.
Only the standard library; a real end user has a WebSocket library.
"""
import base64
import json
import os
import socket
import struct
import sys


class WebSocket:
    """Just enough of RFC 6455 for text frames."""

    def __init__(self, address, path="/chat"):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=3)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self.buffer += self.receive()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise ConnectionError(head.split(b"\r\n")[0].decode(errors="replace"))

    def receive(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the connection was closed")
        return data

    def take(self, count):
        while len(self.buffer) < count:
            self.buffer += self.receive()
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def send(self, text):
        payload, mask = text.encode(), os.urandom(4)
        length = len(payload)
        header = b"\x81" + (bytes([0x80 | length]) if length < 126 else b"\xfe" + struct.pack(">H", length))
        self.socket.sendall(header + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))

    def text(self):
        """The next text frame; other frames are passed over, a close frame ends it."""
        while True:
            first, second = self.take(2)
            length = second & 0x7F
            if length == 126:
                length = struct.unpack(">H", self.take(2))[0]
            elif length == 127:
                length = struct.unpack(">Q", self.take(8))[0]
            payload = self.take(length)
            if first & 0x0F == 8:
                raise ConnectionError("the engine closed the connection")
            if first & 0x0F == 1:
                return payload.decode()


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    address, user, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    number, resent, connections, link = 1, 0, 0, None
    while number <= count:
        try:
            if link is None:
                link = WebSocket(address)
                connections += 1
            link.send(json.dumps({"n": number, "user": user}))
            while link.text() != f'{{"ack":{number}}}':
                pass  # an answer of the handler
            number += 1
        except OSError:  # the connection ended, or nothing came for three seconds: send it again
            if link is not None:
                link.socket.close()
                link, resent = None, resent + 1
    print(f"{count} acknowledged, {resent} sent again, {connections} connections")


if __name__ == "__main__":
    main()
