"""One, two and four consumers share the queues of four nodes; then one is killed and restarted, and one is lost for good and its
file adopted from a backup on another host.

    python3 Examples/scale-out/scale_out.py [--program connmix-durable] [--messages 1600] [--folder FOLDER]

Everything runs on this machine: the development engine, the end users, and consumers with a folder each, which stand for hosts.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

NODES = 4


def handle(seconds):
    """The handler: waits as one does that asks a service, and answers."""
    for line in sys.stdin:
        message = json.loads(line)
        time.sleep(seconds)
        answer = {"m": "mesh.send", "p": {"c": message["client"], "d": "done: " + message["data"]["frame"]["data"]}}
        print(json.dumps({"id": message["id"], "ok": True, "commands": [answer]}), flush=True)


class Cluster:
    """The development engine with four nodes, and as many consumers as are started."""

    def __init__(self, options, name):
        self.program = program = options.program
        self.handler_seconds = options.handler_seconds
        self.concurrency = options.concurrency
        self.patience = options.patience
        self.folder = os.path.join(options.folder, name)
        self.consumers = {}
        arguments = [program, "engine", "--nodes", str(NODES), "--json"]
        for port in ("--center-port", "--api-port", "--chat-port"):
            arguments += [port, "0"]
        self.engine = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        facts = json.loads(self.engine.stdout.readline())
        self.center = facts["center"]
        self.chats = [node["chat"] for node in facts["nodes"]]

    def database(self, host):
        return os.path.join(self.folder, host, "messages.sqlite3")

    def start(self, *hosts):
        for host in hosts:
            self.launch(host)
        for host in hosts:
            self.until(lambda: self.consuming(host) == NODES, "the consumer on " + host)

    def launch(self, host):
        os.makedirs(os.path.dirname(self.database(host)), exist_ok=True)
        arguments = [self.program, "consume", "--database", self.database(host), "--center", self.center, "--topic", "chat"]
        arguments += ["--concurrency", str(self.concurrency), "--log-level", "warning"]
        arguments += ["--worker", sys.executable, os.path.abspath(__file__), "--handle", str(self.handler_seconds)]
        self.consumers[host] = subprocess.Popen(arguments, stderr=open(self.database(host) + ".log", "a"))

    def run(self, *arguments, check=True):
        result = subprocess.run([self.program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if check and result.returncode != 0:
            sys.exit(f"{' '.join(arguments[:2])} ended with {result.returncode}: {result.stderr}")
        return result

    def status(self, host):
        result = self.run("status", "--json", "--database", self.database(host), check=False)
        return json.loads(result.stdout) if result.returncode == 0 else None

    def consuming(self, host):
        status = self.status(host)
        return sum(node["state"] == "consuming" for node in status["nodes"]) if status else 0

    def done(self, host):
        status = self.status(host)
        return status["journal"].get("done", 0) if status else 0

    def open(self, host):
        journal = self.status(host)["journal"]
        return journal.get("pending", 0) + journal.get("running", 0)

    def until(self, holds, what, seconds=60):
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                sys.exit(f"gave up waiting for {what}")
            time.sleep(0.02)

    def kill(self, host):
        process = self.consumers.pop(host)
        process.kill()
        process.wait()

    def users(self, messages, rate=None, patience=None):
        """One end user at each node; each sends its share."""
        patience = str(patience or self.patience)
        arguments = [self.program, "enduser", "--count", str(messages // NODES), "--timeout", patience, "--json"]
        if rate:
            arguments += ["--rate", f"{rate // NODES}/s"]
        return [
            subprocess.Popen(arguments[:2] + [f"ws://{chat}/chat"] + arguments[2:], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            for chat in self.chats
        ]

    @staticmethod
    def answers(users):
        facts = [json.loads(user.communicate()[0]) for user in users]
        return {key: sum(fact[key] for fact in facts) for key in ("sent", "answered", "repeats")}

    def close(self):
        for process in [*self.consumers.values(), self.engine]:
            process.terminate()
        for process in [*self.consumers.values(), self.engine]:
            process.wait()


def throughput(options):
    messages = options.messages
    print(f"{messages} messages, a handler that takes {options.handler_seconds * 1000:.0f} ms, {options.concurrency} at once a consumer, {NODES} nodes")
    print("consumers  messages/s  share of each")
    rates = []
    for count in (1, 2, 4):
        cluster = Cluster(options, f"{count}-consumers")
        hosts = [f"host-{number}" for number in range(1, count + 1)]
        cluster.start(*hosts)
        begin = time.monotonic()
        answers = cluster.answers(cluster.users(messages, patience=120))
        seconds = time.monotonic() - begin
        assert answers["answered"] == messages and answers["repeats"] == 0, answers
        cluster.until(lambda: sum(cluster.done(host) for host in hosts) == messages, "the last marks")
        rates.append(messages / seconds)
        print(f"{count:9}  {rates[-1]:10.0f}  {' '.join(str(cluster.done(host)) for host in hosts)}")
        cluster.close()
    return rates


def killed(options):
    """Two consumers; one is killed in the middle and started again on its file."""
    messages = options.messages
    cluster = Cluster(options, "killed")
    cluster.start("host-1", "host-2")
    users = cluster.users(messages, rate=200)
    cluster.until(lambda: cluster.done("host-2") > messages // 8, "a part of the messages")
    cluster.kill("host-2")
    cluster.until(lambda: cluster.done("host-1") > messages // 4, "the other consumer to go on")
    cluster.start("host-2")
    answers = cluster.answers(users)
    hosts = ("host-1", "host-2")
    for host in hosts:
        cluster.until(lambda: not cluster.open(host), "what is open on " + host)
    done = sum(cluster.done(host) for host in hosts)
    ends = cluster.run("gaps", "--json", "--database", cluster.database("host-2")).stdout.splitlines()
    unclean = [end for end in map(json.loads, ends) if end["kind"] == "unclean_end"]
    print(f"killed and restarted: {done} of {messages} handled, {messages - done} lost with its sockets; {answers['answered']} answered in time,")
    print(f"  {answers['repeats']} twice; its gaps name {len(unclean)} unclean ends: {unclean[0]['may_be_lost']}")
    # What was journaled is handled, all of it: lost is only what never came into a file.
    assert len(unclean) == NODES and answers["answered"] <= done <= messages, (done, answers)
    cluster.close()


def lost(options):
    """Two consumers; one is lost with its disk, and its file adopted from a backup on a third host."""
    messages = options.messages
    cluster = Cluster(options, "lost")
    cluster.start("host-1", "host-2")
    cluster.answers(cluster.users(messages // 2, patience=60))
    backup = os.path.join(cluster.folder, "backup.sqlite3")
    cluster.run("database", "backup", backup, "--database", cluster.database("host-2"))
    known = cluster.done("host-2")
    users = cluster.users(messages // 2, rate=200)
    cluster.until(lambda: cluster.done("host-2") > known, "some more after the backup")
    cluster.kill("host-2")
    last = cluster.done("host-2")
    shutil.rmtree(os.path.join(cluster.folder, "host-2"))

    os.makedirs(os.path.join(cluster.folder, "host-3"))
    new = cluster.database("host-3")
    facts = json.loads(
        cluster.run("database", "adopt", backup, "--database", new, "--reason", "the disk of host-2 died", "--json").stdout)
    cluster.start("host-3")
    answers = cluster.answers(users)
    print(f"lost for good: the backup had {known} of the {last} messages that host-2 had handled when its disk died;")
    print(f"  of the {messages // 2} after it {answers['answered']} were answered in time; unknown is {facts['began_at']} to {facts['ended_at']}")
    assert facts["kind"] == "adoption" and known < last
    assert cluster.answers(cluster.users(messages // 2, patience=60))["answered"] == messages // 2
    assert cluster.run("database", "check", "--database", new).returncode == 0
    cluster.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="connmix-durable")
    parser.add_argument("--messages", type=int, default=1600, help="a round, a multiple of 16")
    parser.add_argument("--folder", help="for the files; by default a temporary one, which is removed")
    parser.add_argument("--handler-seconds", type=float, default=0.02, help="how long the handler takes")
    parser.add_argument("--concurrency", type=int, default=4, help="how many handlers a consumer has")
    parser.add_argument("--patience", type=int, default=10, help="seconds after which an answer is given up")
    parser.add_argument("--handle", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.handle is not None:
        return handle(options.handle)
    is_temporary = options.folder is None
    options.folder = options.folder or tempfile.mkdtemp(prefix="scale-out-")
    try:
        rates = throughput(options)
        print(f"two do {rates[1] / rates[0]:.1f} times as much as one, four {rates[2] / rates[0]:.1f} times")
        killed(options)
        lost(options)
    finally:
        if is_temporary:
            shutil.rmtree(options.folder, ignore_errors=True)


if __name__ == "__main__":
    main()
