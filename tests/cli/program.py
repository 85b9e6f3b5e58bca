"""Runs the program under test: shared by the tests of the command line."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]


def program():
    """The binary to test: $ATTUNE_BINARY, set by ctest."""
    return os.environ.get("ATTUNE_BINARY", str(SOURCE / "build" / "release" / "attune"))


class ProgramTest(unittest.TestCase):
    """A test with a folder of its own and a database in it."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="attune_cli.")
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)
        self.folder = self.scratch / "docs"
        self.folder.mkdir()
        self.environment = dict(os.environ, ATTUNE_DB=str(self.scratch / "test.db"),
                                ATTUNE_MODELS=str(SOURCE / "models"))

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def run_attune(self, *arguments, expect=0, stdin=""):
        done = subprocess.run([program(), *map(str, arguments)], input=stdin, text=True, capture_output=True,
                              env=self.environment, timeout=300, check=False)
        self.assertEqual(done.returncode, expect, f"attune {arguments}: {done.stdout}\n{done.stderr}")
        return done

    def run_json(self, *arguments, expect=0, stdin=""):
        return json.loads(self.run_attune(*arguments, "--json", expect=expect, stdin=stdin).stdout)


def main():
    unittest.main(argv=sys.argv[:1], verbosity=2)
