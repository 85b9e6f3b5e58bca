#!/usr/bin/env python3
"""Every command in README.md runs: the ```sh blocks from top to bottom, in a home folder of their own.

A line with tools/start.sh is started and left running for the lines that follow; http://127.0.0.1:8080 becomes a free
port. A command that asks over HTTP or for JSON must print JSON without an error, a search must find something.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from project import ROOT, text_of

BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# These run this very check; what they do is proven by the run that you are looking at.
RUN_US = ("tools/test.sh", "tools/test.sh --full")
START_SECONDS = 240

DOCUMENTS = {
    "network.md": "# Network\n\n## Static address\n\nTo configure a static IP address, edit /etc/network/interfaces.\n",
    "网络.md": "# 网络\n\n## 静态地址\n\n如何配置静态 IP 地址：编辑 /etc/network/interfaces 文件。\n",
    "attention.txt": "Attention works by comparing each token with all others. 注意力机制的工作方式：每个词与其他所有词比较。\n",
}


def commands_in(markdown):
    """The commands of all blocks; a line that ends in a backslash goes on in the next."""
    joined = "".join(BLOCK.findall(markdown)).replace("\\\n", " ")
    return [line.strip() for line in joined.splitlines() if line.strip() and not line.strip().startswith("#")]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Reader:
    """Someone who types what README.md says."""

    def __init__(self, home):
        self.port = free_port()
        self.home = home
        self.server = None
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ATTUNE_", "XDG_"))}
        self.environment = dict(kept, HOME=str(home), PORT=str(self.port),
                                PATH=f"{ROOT / 'build' / 'release'}:{os.environ['PATH']}",
                                CCACHE_DIR=os.environ.get("CCACHE_DIR", str(Path.home() / ".cache" / "ccache")))

    def start(self, command):
        self.stop()
        log = open(self.home / "start.log", "w+", encoding="utf-8")
        self.server = subprocess.Popen(["bash", "-c", "exec " + command], cwd=ROOT, env=self.environment, stdout=log,
                                       stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.server.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2):
                    # The examples are printed right after the server answers.
                    time.sleep(0.5)
                    said = (self.home / "start.log").read_text(encoding="utf-8")
                    return [] if said.count("curl -sG http") == 2 else [f"{command}: no two examples in:\n{said[-2000:]}"]
            except OSError:
                time.sleep(0.2)
        return [f"{command}: nothing was served:\n{(self.home / 'start.log').read_text(encoding='utf-8')[-3000:]}"]

    def stop(self):
        """Ctrl-C: the script and its server must both be gone, with exit code 0."""
        if self.server is None:
            return []
        os.killpg(self.server.pid, signal.SIGINT)
        try:
            code = self.server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(self.server.pid, signal.SIGKILL)
            return ["tools/start.sh did not end within 30 s of Ctrl-C"]
        finally:
            self.server = None
        return [] if code == 0 else [f"tools/start.sh ended with {code} after Ctrl-C"]

    def run(self, command):
        typed = command.replace("127.0.0.1:8080", f"127.0.0.1:{self.port}")
        done = subprocess.run(["bash", "-c", typed], cwd=ROOT, env=self.environment, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=280, check=False)
        if done.returncode != 0:
            return [f"{command}: exit code {done.returncode}\n{done.stdout[-1000:]}{done.stderr[-1000:]}"]
        wants_json = "http://" in typed or "--json" in typed
        if not wants_json or " | " in typed:
            return []
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            return [f"{command}: prints no JSON: {done.stdout[:300]}"]
        if "error" in answer:
            return [f"{command}: {done.stdout[:500]}"]
        if "search" in command and not answer.get("hits"):
            return [f"{command}: finds nothing: {done.stdout[:500]}"]
        return []


def main():
    commands = commands_in(text_of(ROOT, "README.md"))
    if not any(command.startswith("tools/start.sh") for command in commands):
        sys.exit("README.md does not show tools/start.sh")
    findings = []
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        for file_name, text in DOCUMENTS.items():
            (home / "Documents").mkdir(exist_ok=True)
            (home / "Documents" / file_name).write_text(text, encoding="utf-8")
        reader = Reader(home)
        for command in commands:
            if command in RUN_US:
                continue
            print("$", command, flush=True)
            findings += reader.start(command) if command.startswith("tools/start.sh") else reader.run(command)
        findings += reader.stop()
    for finding in findings:
        print(finding)
    print(f"README commands: {len(commands)} commands, {len(findings)} faults")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
