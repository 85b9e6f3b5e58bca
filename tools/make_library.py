#!/usr/bin/env python3
"""Makes those documents of examples/library/ that are not plain text, from examples/sources/.

Only needed after a change to the sources; the results are committed. Needs
  apt install pandoc libreoffice-writer-nogui fonts-droid-fallback
  pip install openpyxl
"""
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import openpyxl

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent / "examples"
SOURCES = EXAMPLES / "sources"
LIBRARY = EXAMPLES / "library"

WRITTEN_BY_PANDOC = {
    "tea-manual.zh.md": "tea-manual.zh.docx",
    "minutes-2026-03.en.md": "minutes-2026-03.en.docx",
    "minutes-2026-04.zh.md": "minutes-2026-04.zh.odt",
    "keepers-handbook.en.md": "keepers-handbook.en.epub",
    "open-day.en.md": "open-day.en.pptx",
}


def pandoc(source, target):
    # A fixed time keeps a new run from changing every file.
    environment = dict(os.environ, SOURCE_DATE_EPOCH="1775001600")
    subprocess.run(["pandoc", "--standalone", str(source), "-o", str(target)], check=True, env=environment)


def pdf(source, target):
    """By way of LibreOffice, which embeds only the characters used."""
    with tempfile.TemporaryDirectory() as work:
        text = pathlib.Path(work) / f"{target.stem}.docx"
        pandoc(source, text)
        subprocess.run(["soffice", f"-env:UserInstallation=file://{work}/profile", "--headless", "--convert-to", "pdf",
                        "--outdir", work, str(text)], check=True, stdout=subprocess.DEVNULL)
        shutil.copy(text.with_suffix(".pdf"), target)


def workbook(source, target):
    content = json.loads(source.read_text(encoding="utf-8"))
    book = openpyxl.Workbook()
    book.remove(book.active)
    book.properties.title = content["title"]
    book.properties.creator = "Fogbank Tea Co-operative"
    book.properties.created = datetime.datetime(2026, 4, 1)
    for sheet in content["sheets"]:
        page = book.create_sheet(sheet["name"])
        for row in sheet["rows"]:
            page.append([as_date(cell) for cell in row])
    book.save(target)


def as_date(cell):
    try:
        return datetime.date.fromisoformat(cell)
    except (TypeError, ValueError):
        return cell


def main():
    for source, target in WRITTEN_BY_PANDOC.items():
        pandoc(SOURCES / source, LIBRARY / target)
    pdf(SOURCES / "annual-report-2025.en.md", LIBRARY / "annual-report-2025.en.pdf")
    workbook(SOURCES / "price-list.json", LIBRARY / "price-list.xlsx")
    notice = (SOURCES / "notice.zh.txt").read_text(encoding="utf-8")
    (LIBRARY / "notice.zh.txt").write_bytes(notice.encode("gb18030"))


if __name__ == "__main__":
    main()
