#!/usr/bin/env python3
"""`cmake --install` puts down a program that runs from there with its own models, and a library that others can link.

    install.py BUILD_DIRECTORY VERSION
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD, VERSION = Path(sys.argv[1]), sys.argv[2]


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def expect(truth, what):
    if not truth:
        sys.exit(f"install: {what}")


def check_program(prefix, home):
    # Whatever the caller's environment names must not help: models have to be found beside the program.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ATTUNE_", "XDG_"))}
    environment["HOME"] = str(home)
    program = prefix / "bin" / "attune"
    expect(run(program, "--version", env=environment).strip() == f"attune {VERSION}", "the program tells another version")
    models = run(program, "model", "list", "--json", env=environment)
    expect(str(prefix / "share" / "attune" / "models") in models, f"the models are looked for elsewhere: {models}")
    folder = home / "notes"
    folder.mkdir()
    (folder / "note.md").write_text("# Bread\n\nKnead the dough for ten minutes.\n", encoding="utf-8")
    run(program, "index", folder, env=environment)
    answer = run(program, "search", "how long to knead", "--json", env=environment)
    expect("note.md" in answer, f"the installed program does not find its one document: {answer}")
    return program, environment


def check_files(prefix):
    for name in ("share/bash-completion/completions/attune", "share/zsh/site-functions/_attune",
                 "share/fish/vendor_completions.d/attune.fish", "share/man/man1/attune.1"):
        expect((prefix / name).is_file() and (prefix / name).stat().st_size > 200, f"{name} is not there or empty")
    run("bash", "-n", prefix / "share/bash-completion/completions/attune")
    expect(list((prefix / "share/attune/schemas").glob("*.json")), "no schema was installed")


def check_library(prefix, folder, program_environment):
    run("cmake", "-S", HERE / "consumer", "-B", folder, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", folder)
    said = run(folder / "consumer", folder / "consumer.db", env=program_environment)
    expect("formats" in said and not said.startswith("0 "), f"the library reads no format: {said}")


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prefix = folder / "prefix"
        run("cmake", "--install", BUILD, "--prefix", prefix)
        (folder / "home").mkdir()
        _, environment = check_program(prefix, folder / "home")
        check_files(prefix)
        check_library(prefix, folder / "consumer", environment)
    print("install: program, models, schemas, completions, man page and library are where they belong")


if __name__ == "__main__":
    main()
