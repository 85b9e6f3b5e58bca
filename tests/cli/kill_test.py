"""Indexing is killed (SIGKILL) at random moments, twenty times: afterwards nothing is lost and nothing crossed."""
import random
import signal
import subprocess
import time

import program

KILLS = 20
FILES = 60


class Kill(program.ProgramTest):
    def write_file(self, number, revision):
        paragraphs = "\n\n".join(f"Paragraph {i} of file {number}, revision {revision}: water, tea and wire."
                                 for i in range(number % 7 + 1))
        self.write(f"part{number % 5}/file{number}.md", f"# File {number}\n\n{paragraphs}\n")

    def test_twenty_kills_lose_and_cross_nothing(self):
        chance = random.Random(20)
        for number in range(FILES):
            self.write_file(number, 0)
        killed = 0
        longest = 0.9  # seconds until the kill; less where the machine is done sooner
        for attempt in range(KILLS):
            self.write_file(chance.randrange(FILES), attempt + 1)
            process = subprocess.Popen([program.program(), "index", str(self.folder), "--quiet"],
                                       env=self.environment, stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0.02, longest))
            process.send_signal(signal.SIGKILL)
            if process.wait() == -signal.SIGKILL:
                killed += 1
            else:
                longest = max(0.1, 0.8 * longest)
            if (self.scratch / "test.db").exists():
                doctor = self.run_json("doctor")
                self.assertTrue(doctor["healthy"], doctor["faults"])
        self.assertGreaterEqual(killed, KILLS // 2, "most runs must really have been in the middle")

        self.run_attune("index", self.folder, "--quiet")
        doctor = self.run_json("doctor")
        self.assertTrue(doctor["healthy"], doctor["faults"])
        status = self.run_json("status")
        self.assertEqual((status["documents"], status["pending"]), (FILES, 0))
        for number in (0, 17, 42, FILES - 1):
            hit = self.run_json("search", f"file {number}", "--path", f"**/file{number}.md")["hits"][0]
            self.assertIn(f"of file {number},", hit["text"])
        again = self.run_json("index", self.folder)
        self.assertEqual(again["collections"][0]["unchanged"], FILES)


if __name__ == "__main__":
    program.main()
