"""Ctrl-C: indexing stops cleanly and the next run goes on; the server ends with exit code 0."""
import re
import signal
import subprocess
import time
import urllib.request

import program


class Interrupt(program.ProgramTest):
    def start(self, *arguments):
        process = subprocess.Popen([program.program(), *map(str, arguments)], env=self.environment, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        return process

    def test_a_stopped_index_run_keeps_what_it_did_and_the_next_one_goes_on(self):
        for number in range(150):
            text = " ".join(f"word{number}x{i}" for i in range(60))
            self.write(f"file{number}.md", f"# File {number}\n\n{text}\n")
        process = self.start("index", self.folder)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if (self.scratch / "test.db").exists() and self.run_json("status")["vectors"] > 0:
                break
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, errors)
        self.assertIn("the next run goes on from here", output)
        before = self.run_json("status")
        self.assertGreater(before["pending"], 0)
        report = self.run_json("index", self.folder)
        self.assertEqual(report["embedded"], before["pending"])
        self.assertEqual(report["collections"][0]["unchanged"], before["documents"])

    def test_the_server_ends_with_exit_code_zero(self):
        self.write("a.md", "# A\n\nWords.\n")
        self.run_attune("index", self.folder)
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.start("serve", "--port", 0)
            url = re.search(r"http://\S+", process.stdout.readline()).group()
            with urllib.request.urlopen(url + "/healthz", timeout=10) as answer:
                self.assertEqual(answer.status, 200)
            process.send_signal(number)
            self.assertEqual(process.wait(timeout=30), 0)


if __name__ == "__main__":
    program.main()
