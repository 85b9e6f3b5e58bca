#!/usr/bin/env python3
"""Counts the test cases of ctest's results and prints "N passed, N failed, N skipped" as the last line.

    summary.py FOLDER BROKEN_STEPS     FOLDER holds ctest's JUnit files; BROKEN_STEPS is how many steps of test.sh failed

A doctest program counts as its test cases, a Python unittest as its tests, any other test as one. The exit code is 0
only when something passed and nothing failed.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

DOCTEST = re.compile(r"^\[doctest\] test cases:\s*\d+ \|\s*(\d+) passed \|\s*(\d+) failed \|\s*\d+ skipped", re.MULTILINE)
UNITTEST = re.compile(r"^Ran (\d+) tests? in ", re.MULTILINE)
# What a test case prints when something that it needs is not there.
SKIPPED = re.compile(r"MESSAGE: skipped\b", re.IGNORECASE)


def counts_of(case):
    """(passed, failed, skipped) of one ctest test."""
    output = case.findtext("system-out") or ""
    broken = case.get("status") == "fail" or case.find("failure") is not None
    if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
        return (0, 1, 0) if broken else (0, 0, 1)
    if found := DOCTEST.search(output):
        passed, failed = int(found[1]), int(found[2])
        skipped = min(passed, len(SKIPPED.findall(output)))
        # A program that fails after its last test case (a leak, say) has failed all the same.
        return passed - skipped, max(failed, 1) if broken else failed, skipped
    if (found := UNITTEST.search(output)) and not broken:
        return int(found[1]), 0, 0
    return (0, 1, 0) if broken else (1, 0, 0)


def main():
    folder, broken_steps = Path(sys.argv[1]), int(sys.argv[2])
    passed = failed = skipped = 0
    for results in sorted(folder.glob("*.xml")):
        for case in ElementTree.parse(results).getroot().iter("testcase"):
            counts = counts_of(case)
            passed, failed, skipped = passed + counts[0], failed + counts[1], skipped + counts[2]
            if counts[1]:
                print(f"failed: {results.stem}: {case.get('name')}")
    if broken_steps and not failed:  # a build, say
        failed = broken_steps
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
