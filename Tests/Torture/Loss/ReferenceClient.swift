/// The reference to measure beside: a client as most are written, in Python. It pops one node's queue, and answers each message when it
/// has "handled" it, in memory.
enum ReferenceClient {
    /// `plain` reads what the socket has, and handles it then, as the PHP client does. `careful` keeps little: a small receive buffer, small reads,
    /// and each answer is written before the next message is looked at.
    static let source = #"""
        import base64, json, os, signal, socket, struct, sys, urllib.request

        center, careful = sys.argv[1], sys.argv[2] == "careful"
        stopping = False
        def stop(*_):
            global stopping
            stopping = True
        signal.signal(signal.SIGTERM, stop)

        node = json.load(urllib.request.urlopen(f"http://{center}/v1/nodes"))["nodes"][0]["api_server"]
        host, port = node.rsplit(":", 1)
        wire = socket.socket()
        if careful: wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        wire.connect((host, int(port)))
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        wire.sendall((f"GET /ws/v1 HTTP/1.1\r\nHost: {node}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        inbox = b""
        while b"\r\n\r\n" not in inbox: inbox += wire.recv(4096)
        head, inbox = inbox.split(b"\r\n\r\n", 1)
        assert b" 101 " in head, head

        def frame(text, opcode=1):
            data = text.encode() if isinstance(text, str) else text
            size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack(">H", len(data))
            return bytes([0x80 | opcode]) + size + b"\0\0\0\0" + data  # a mask of zeros leaves the bytes as they are

        number = 0
        def request(method, params):
            global number
            number += 1
            return frame(json.dumps({"m": method, "p": params, "i": number}))

        wire.sendall(request("queue.pop", {"t": ["chat"]}))
        wire.settimeout(0.2)
        is_left = False
        while True:
            if stopping and not is_left:
                is_left = True
                wire.sendall(request("queue.unpop", {}))
            try:
                part = wire.recv(4096 if careful else 65536)
                if not part: break
            except socket.timeout:
                if is_left: break
                continue
            inbox += part
            answers, place = [], 0
            while len(inbox) - place >= 2:
                size, start = inbox[place + 1] & 127, place + 2
                if len(inbox) < start + {126: 2, 127: 8}.get(size, 0): break
                if size == 126: size, start = struct.unpack_from(">H", inbox, start)[0], start + 2
                elif size == 127: size, start = struct.unpack_from(">Q", inbox, start)[0], start + 8
                if len(inbox) < start + size: break
                opcode, data = inbox[place] & 15, inbox[start:start + size]
                place = start + size
                if opcode == 9: answers.append(frame(data, 10))
                if opcode != 1: continue
                event = json.loads(data)
                if event.get("e") != "queue.pop": continue
                answer = request("mesh.send", {"c": event["p"]["c"], "d": "received: " + event["p"]["d"]["frame"]["data"]})
                if careful: wire.sendall(answer)
                else: answers.append(answer)
            inbox = inbox[place:]
            if answers: wire.sendall(b"".join(answers))
        """#
}
