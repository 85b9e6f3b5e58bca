#!/usr/bin/env python3
"""Each check finds the fault that it is there for: a small project is made with one fault, and the check must name it."""

import subprocess
import tempfile
import unittest
from pathlib import Path

import doc_paths
import file_sizes
import formatting
import json_files
import layers
import summary
import words
from project import ROOT

TABLE = """
| room | answers | may use |
| --- | --- | --- |
| `core` | how do we fail? | – |
| `text` | where do words end? | – |
| `store` | what do we know? | text |
| `cli` | commands | everything |
"""


class Project(unittest.TestCase):
    """A project of a few files in a temporary folder."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.put("ARCHITECTURE.md", TABLE)

    def put(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def expect(self, check, *parts):
        """`check` finds exactly one fault, and it names all `parts`."""
        looked_at, findings = check(self.root)
        self.assertGreater(looked_at, 0)
        self.assertEqual(len(findings), 1, findings)
        for part in parts:
            self.assertIn(part, findings[0])

    def expect_none(self, check):
        looked_at, findings = check(self.root)
        self.assertGreater(looked_at, 0)
        self.assertEqual(findings, [])


class Layers(Project):
    def setUp(self):
        super().setUp()
        for room in ("core", "text", "store", "cli"):
            self.put(f"src/{room}/CMakeLists.txt", "")

    def test_a_row_without_a_room(self):
        self.put("ARCHITECTURE.md", TABLE + "| `train` | how do weights improve? | – |\n")
        self.put("src/text/a.cpp", "int a;\n")
        self.expect(layers.check, "`train` is not there yet")

    def test_granted_rooms_pass(self):
        self.put("src/store/a.cpp", '#include <sqlite3.h>\n#include "attune/text.hpp"\n#include "attune/core/log.hpp"\n')
        self.put("src/cli/b.cpp", '#include "attune/store.hpp"\n#include "cli/b.hpp"\n')
        self.expect_none(layers.check)

    def test_a_room_that_was_not_granted(self):
        self.put("src/text/a.cpp", '#include "attune/store.hpp"\n')
        self.expect(layers.check, "src/text/a.cpp", "`text` may not use `store`")

    def test_a_public_header_counts_as_its_room(self):
        self.put("include/attune/text.hpp", '#include "attune/store.hpp"\n')
        self.expect(layers.check, "`text` may not use `store`")

    def test_another_rooms_private_header(self):
        self.put("src/cli/a.cpp", '#include "store/secret.hpp"\n')
        self.expect(layers.check, "store/secret.hpp", "private")

    def test_a_room_without_a_row(self):
        self.put("src/cellar/a.cpp", "int a;\n")
        self.expect(layers.check, "`cellar` is not in the table")

    def test_a_library_outside_its_room(self):
        self.put("src/cli/a.cpp", "#include <sqlite3.h>\n")
        self.expect(layers.check, "sqlite3.h", "store only")

    def test_a_library_in_a_public_header(self):
        self.put("include/attune/store.hpp", "#include <sqlite3.h>\n")
        self.expect(layers.check, "a public header shows sqlite3.h")

    def test_a_link_that_was_not_granted(self):
        self.put("src/text/a.cpp", "int a;\n")
        self.put("src/text/CMakeLists.txt", "attune_add_room(text SOURCES a.cpp PUBLIC attune::core PRIVATE attune::store)\n")
        self.expect(layers.check, "`text` may not link `store`")

    def test_a_row_that_grants_what_stands_below(self):
        with self.assertRaises(ValueError):
            layers.rooms_table("| `core` | fail | store |\n| `store` | know | – |\n")


class Others(Project):
    def test_file_sizes(self):
        self.put("src/store/a.cpp", "\n" * 400)
        self.put("tests/store/a_test.cpp", "\n" * 600)
        self.expect_none(file_sizes.check)
        self.put("src/store/b.cpp", "\n" * 401)
        self.expect(file_sizes.check, "src/store/b.cpp: 401 lines")
        self.put("src/store/b.cpp", "")
        self.put("tests/store/b_test.cpp", "\n" * 601)
        self.expect(file_sizes.check, "tests/store/b_test.cpp: 601 lines")

    def test_file_bytes(self):
        self.put("models/small/weights", "x" * 3_000_000)
        self.expect_none(file_sizes.check)
        self.put("examples/big", "x" * 3_000_000)
        self.expect(file_sizes.check, "examples/big: 3000000 bytes")

    def test_doc_paths(self):
        self.put("src/store/a.cpp", "")
        self.put("README.md", "See `src/store/a.cpp`, `a.cpp`, `/v1/search` and [the table](ARCHITECTURE.md).\n")
        self.expect_none(doc_paths.check)
        self.put("README.md", "See `src/store/gone.cpp`.\n")
        self.expect(doc_paths.check, "README.md", "src/store/gone.cpp")
        self.put("README.md", "See [this](docs/gone.md#part).\n")
        self.expect(doc_paths.check, "docs/gone.md")
        self.put("README.md", "See `src/store/{a,gone}.cpp`.\n")
        self.expect(doc_paths.check, "src/store/gone.cpp")

    def test_words(self):
        self.put("src/store/a.cpp", "// nothing to do here, /workshop/ is fine\n")
        self.expect_none(words.check)
        self.put("src/store/a.cpp", "int a;  // TO" + "DO: later\n")
        self.expect(words.check, "src/store/a.cpp:1")
        self.put("src/store/a.cpp", 'auto a = "/wo' + 'rk/main/file";\n')
        self.expect(words.check, "src/store/a.cpp:1")

    def test_json_files(self):
        self.put("schemas/a.json", '{"$defs": {"x": {}}, "p": {"$ref": "#/$defs/x"}}')
        self.expect_none(json_files.check)
        self.put("schemas/a.json", '{"p": {"$ref": "#/$defs/gone"}}')
        self.expect(json_files.check, "schemas/a.json/p", "#/$defs/gone")
        self.put("schemas/a.json", '{"a": 1, "a": 2}')
        self.expect(json_files.check, "repeated keys")
        self.put("schemas/a.json", '{"a": 1')
        self.expect(json_files.check, "schemas/a.json")

    def test_formatting(self):
        self.put(".clang-format", "BasedOnStyle: Google\n")
        self.put("src/store/a.cpp", "int a = 1;\n")
        self.expect_none(formatting.check)
        self.put("src/store/a.cpp", "int   a=1;\n")
        looked_at, findings = formatting.check(self.root)
        self.assertTrue(looked_at and any("src/store/a.cpp" in finding for finding in findings), findings)
        self.put("src/store/a.cpp", "")
        self.put("tools/a.sh", "#!/usr/bin/env bash\ncd $1\n")
        looked_at, findings = formatting.check(self.root)
        self.assertTrue(looked_at and any("tools/a.sh" in finding for finding in findings), findings)


class Names(Project):
    def faults_in(self, source):
        self.put("a.cpp", source)
        return subprocess.run(
            ["clang-tidy-16", "--quiet", f"--config-file={ROOT / '.clang-tidy'}", str(self.root / "a.cpp"), "--", "-std=c++20"],
            capture_output=True, text=True, check=False)

    def test_names(self):
        good = "namespace attune { struct LikeThis { int like_this = 0; }; constexpr int kLikeThis = 1; }\n"
        self.assertEqual(self.faults_in(good).returncode, 0)
        for bad in ("struct like_this {};", "void LikeThis();", "constexpr int like_this = 1;", "class A { int b = 0; };"):
            self.assertNotEqual(self.faults_in(bad + "\n").returncode, 0, bad)


class Summary(unittest.TestCase):
    def counts(self, status, output):
        import xml.etree.ElementTree as ElementTree
        case = ElementTree.Element("testcase", name="a", status=status)
        ElementTree.SubElement(case, "system-out").text = output
        return summary.counts_of(case)

    def test_counts(self):
        line = "[doctest] test cases:  5 |  3 passed | 2 failed | 0 skipped\n"
        self.assertEqual(self.counts("fail", line), (3, 2, 0))
        line = "[doctest] test cases:  5 |  5 passed | 0 failed | 0 skipped\n"
        self.assertEqual(self.counts("run", line), (5, 0, 0))
        self.assertEqual(self.counts("run", "a.cpp:1: MESSAGE: skipped: no data\n" + line), (4, 0, 1))
        self.assertEqual(self.counts("fail", line), (5, 1, 0))  # a leak after the last test case
        self.assertEqual(self.counts("fail", "Segmentation fault"), (0, 1, 0))
        self.assertEqual(self.counts("run", "layers: 3 looked at, 0 faults"), (1, 0, 0))
        self.assertEqual(self.counts("run", "Ran 7 tests in 0.1s\n\nOK"), (7, 0, 0))


if __name__ == "__main__":
    unittest.main()
