#!/usr/bin/env python3
"""Makes the samples of docx, pptx, xlsx, odt and epub in the folders beside this file.

The files are committed; this script says how they came to be. Real programs wrote them where that was possible:
  pip install python-docx python-pptx openpyxl odfpy ebooklib msoffcrypto-tool
  apt install pandoc libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui
Dates inside the archives differ from run to run, so a new run changes bytes but not what the readers find.
"""
import datetime
import io
import pathlib
import shutil
import subprocess
import tempfile
import zipfile

import docx
import msoffcrypto.format.ooxml
import odf.opendocument
import openpyxl
import pptx
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from ebooklib import epub
from odf import dc, draw, meta, style, table, text
from odf.opendocument import OpenDocumentText
from openpyxl.styles import Font
from pptx.util import Inches

HERE = pathlib.Path(__file__).parent
WHEN = datetime.datetime(2026, 3, 4, 5, 6, 7)


def folder(name):
    path = HERE / name
    path.mkdir(exist_ok=True)
    return path


def soffice(source, extension, target):
    """Lets LibreOffice write `source` again in another format."""
    with tempfile.TemporaryDirectory() as work:
        subprocess.run(["soffice", f"-env:UserInstallation=file://{work}/profile", "--headless", "--convert-to",
                        extension, "--outdir", work, str(source)], check=True, stdout=subprocess.DEVNULL)
        shutil.copy(pathlib.Path(work) / f"{pathlib.Path(source).stem}.{extension.split(':')[0]}", target)


def repack(path, change=lambda name, data: data, extra=()):
    """Writes the archive again with `change` applied to every member and the `extra` members added."""
    with zipfile.ZipFile(path) as old:
        members = [(info.filename, old.read(info)) for info in old.infolist()] + list(extra)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in members:
            if name == "docProps/thumbnail.jpeg":
                continue
            method = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            new.writestr(zipfile.ZipInfo(name, (2026, 3, 4, 5, 6, 6)), change(name, data), method)


def cut(path):
    """Keeps the head of an old binary file: it is refused by what stands there."""
    path.write_bytes(path.read_bytes()[:1024])


def docx_sample():
    out = folder("docx")
    document = docx.Document()
    core = document.core_properties
    core.title, core.author, core.language = "The Wind Log", "Ada Brook", "en-GB"
    core.created = core.modified = WHEN
    core.keywords = "wind, mast"
    document.add_heading("The Wind Log", 0)
    paragraph = document.add_paragraph("The mast stands ")
    paragraph.add_run("twelve metres").bold = True
    paragraph.add_run(" above the marsh.")
    paragraph._p.append(parse_xml(f'<w:del {nsdecls("w")} w:id="9" w:author="x"><w:r><w:delText> It was struck out.'
                                  '</w:delText></w:r></w:del>'))
    paragraph._p.append(parse_xml(f'<w:ins {nsdecls("w")} w:id="8" w:author="x"><w:r><w:t xml:space="preserve"> It was '
                                  'painted in May.</w:t></w:r></w:ins>'))
    hidden = document.add_paragraph("Seen. ")
    hidden.add_run("Hidden.").font.hidden = True
    document.add_heading("Instruments", 1)
    document.add_paragraph("An anemometer", style="List Bullet")
    document.add_paragraph("A vane with a broken tail", style="List Bullet")
    document.add_heading("Readings in March", 2)
    grid = document.add_table(rows=1, cols=3)
    for cell, name in zip(grid.rows[0].cells, ["Day", "Direction", "Knots"]):
        cell.text = name
    for row in [("2", "north-east", "14"), ("3", "", "9"), ("4", "west", "21")]:
        for cell, content in zip(grid.add_row().cells, row):
            cell.text = content
    merged = grid.cell(2, 1).merge(grid.cell(3, 1))
    merged.text = "west"
    document.add_paragraph("Calm days are not written down.", style="Quote")
    box = (f'<w:p {nsdecls("w")} xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
           'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
           'xmlns:v="urn:schemas-microsoft-com:vml"><w:r><w:t>Beside this stands a box.</w:t></w:r><w:r>'
           '<mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wps:txbx><w:txbxContent><w:p><w:r><w:t>Said in '
           'the box.</w:t></w:r></w:p></w:txbxContent></wps:txbx></w:drawing></mc:Choice><mc:Fallback><w:pict>'
           '<v:textbox><w:txbxContent><w:p><w:r><w:t>Said in the box.</w:t></w:r></w:p></w:txbxContent></v:textbox>'
           '</w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>')
    document.element.body.insert(-1, parse_xml(box))
    frame = document.add_table(rows=1, cols=1)
    frame.cell(0, 0).text = "A frame that is a table of one cell."
    document.sections[0].header.paragraphs[0].text = "Printed above every page"
    document.save(out / "sample.docx")
    repack(out / "sample.docx")

    # pandoc: footnotes, code, block quotes, Chinese headings.
    with tempfile.TemporaryDirectory() as work:
        source = pathlib.Path(work) / "tide.md"
        source.write_text("---\ntitle: 潮汐手册\nauthor: 林小满\nlang: zh-CN\n---\n\n# 观测\n\n每天两次读数。[^1]\n\n"
                          "[^1]: 大潮时三次。\n\n## 命令\n\n```\ntide --port 3\n  --raw\n```\n\n> 潮水不等人。\n\n"
                          "1. 打开阀门\n2. 记下时间\n\n| 港口 | 高潮 |\n|---|---|\n| 东港 | 06:10 |\n| 西港 | 06:45 |\n",
                          encoding="utf-8")
        subprocess.run(["pandoc", str(source), "-o", str(out / "pandoc.docx")], check=True)
        subprocess.run(["pandoc", str(source), "-o", str(folder("odt") / "pandoc.odt")], check=True)
        subprocess.run(["pandoc", str(source), "-o", str(folder("epub") / "pandoc.epub")], check=True)
    soffice(out / "sample.docx", "doc:MS Word 97", out / "word97.doc")
    cut(out / "word97.doc")

    # A password: the OLE container around an encrypted package.
    with open(out / "pandoc.docx", "rb") as plain, open(out / "locked.docx", "wb") as locked:
        msoffcrypto.format.ooxml.OOXMLFile(plain).encrypt("tide", locked)


def pptx_sample():
    out = folder("pptx")
    show = pptx.Presentation()
    show.core_properties.title = "PowerPoint Presentation"
    show.core_properties.author = "Ada Brook"
    show.core_properties.created = show.core_properties.modified = WHEN
    slide = show.slides.add_slide(show.slide_layouts[0])
    slide.shapes.title.text = "Lighthouse night"
    slide.placeholders[1].text = "Notes for the keepers"
    slide = show.slides.add_slide(show.slide_layouts[1])
    slide.shapes.title.text = "Before dusk"
    body = slide.placeholders[1].text_frame
    body.text = "Clean the lens"
    second = body.add_paragraph()
    second.text, second.level = "with vinegar, never sand", 1
    slide.notes_slide.notes_text_frame.text = "Ask who has the key."
    slide = show.slides.add_slide(show.slide_layouts[5])
    slide.shapes.title.text = "值班表"
    grid = slide.shapes.add_table(3, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for row, cells in enumerate([("姓名", "夜晚"), ("陈海", "周一"), ("Ada", "周二")]):
        for column, content in enumerate(cells):
            grid.cell(row, column).text = content
    slide = show.slides.add_slide(show.slide_layouts[6])
    slide.shapes.add_textbox(Inches(1), Inches(1), Inches(4), Inches(1)).text_frame.text = "No title here"
    # The order of the show is not the order of the files: the last slide comes second.
    order = show.slides._sldIdLst
    order.insert(1, order[-1])
    show.save(out / "sample.pptx")
    repack(out / "sample.pptx")
    soffice(out / "sample.pptx", "ppt", out / "powerpoint97.ppt")
    cut(out / "powerpoint97.ppt")


def xlsx_sample():
    out = folder("xlsx")
    book = openpyxl.Workbook()
    book.properties.title, book.properties.creator = "Seeds and harvest", "林小满"
    book.properties.created = book.properties.modified = WHEN
    sheet = book.active
    sheet.title = "Seeds"
    sheet.append(["Seeds kept in the cellar"])
    sheet.append([])
    sheet.append(["Name", "Sown", "Price", "Germinated", "Share", "Hour", "Note"])
    rows = [("Kale", datetime.date(2026, 4, 1), 3.5, True, 0.125, datetime.time(6, 30), "line one\nline two"),
            ("白菜", datetime.datetime(2026, 4, 2, 13, 45), 12, False, 1, None, None)]
    for row in rows:
        sheet.append(row)
    for row in (4, 5):
        sheet.cell(row, 3).number_format = '"¥"#,##0.00'
        sheet.cell(row, 5).number_format = "0.0%"
    sheet["A3"].font = Font(bold=True)
    figures = book.create_sheet("Figures")
    figures.append([0.1 + 0.2, 1234567.5, 1e21])
    figures.append([-2, None, 7])
    secret = book.create_sheet("Secret")
    secret.append(["not to be read"])
    secret.sheet_state = "hidden"
    lonely = book.create_sheet("价目")
    lonely.append(["品名", "单价"])
    book.save(out / "sample.xlsx")
    repack(out / "sample.xlsx")
    soffice(out / "sample.xlsx", "xls", out / "excel97.xls")
    cut(out / "excel97.xls")
    # The same by another program, with shared strings and its own styles.
    soffice(out / "sample.xlsx", "xlsx:Calc MS Excel 2007 XML", out / "calc.xlsx")


def odt_sample():
    out = folder("odt")
    document = OpenDocumentText()
    document.meta.addElement(dc.Title(text="Ferry Rules"))
    document.meta.addElement(dc.Creator(text="Ada Brook"))
    document.meta.addElement(dc.Language(text="en-GB"))
    document.meta.addElement(dc.Date(text="2026-03-04T05:06:07"))
    document.meta.addElement(meta.Keyword(text="ferry"))
    document.meta.addElement(meta.Keyword(text="tide"))
    code = style.Style(name="P1", family="paragraph", parentstylename="Preformatted_20_Text")
    document.automaticstyles.addElement(code)
    add = document.text.addElement
    add(text.H(outlinelevel=1, text="Crossing"))
    line = text.P(text="The ferry ")
    line.addElement(text.Span(text="leaves"))
    line.addText(" on the hour")
    line.addElement(text.S(c=2))
    line.addText("and waits.")
    note = text.Note(id="n1", noteclass="footnote")
    note.addElement(text.NoteCitation(text="1"))
    body = text.NoteBody()
    body.addElement(text.P(text="Not in fog."))
    note.addElement(body)
    line.addElement(note)
    add(line)
    add(text.H(outlinelevel=2, text="Fares"))
    items = text.List()
    for content in ("Children ride free", "Dogs pay half"):
        item = text.ListItem()
        item.addElement(text.P(text=content))
        items.addElement(item)
    add(items)
    for content in ("ferry --bell", "ferry --stop"):
        add(text.P(stylename=code, text=content))
    fares = table.Table(name="Fares")
    for cells in (("Route", "Price"), ("North", "4"), ("South", "5")):
        row = table.TableRow()
        for content in cells:
            cell = table.TableCell()
            cell.addElement(text.P(text=content))
            row.addElement(cell)
        fares.addElement(row)
    add(fares)
    anchor = text.P(text="A frame hangs here.")
    frame = draw.Frame(width="4cm", height="2cm")
    box = draw.TextBox()
    box.addElement(text.P(text="Framed words."))
    frame.addElement(box)
    anchor.addElement(frame)
    add(anchor)
    document.save(out / "sample.odt")
    struck = (b'<office:text><text:tracked-changes><text:changed-region text:id="c1"><text:deletion><text:p>Words that '
              b'were struck out.</text:p></text:deletion></text:changed-region></text:tracked-changes>')
    repack(out / "sample.odt", lambda name, data: data.replace(b"<office:text>", struck))

    # LibreOffice's own spreadsheet and presentation.
    soffice(folder("xlsx") / "sample.xlsx", "ods", out / "sheet.ods")
    soffice(folder("pptx") / "sample.pptx", "odp", out / "slides.odp")
    repack(out / "slides.odp")
    for name, kind in (("drawing.odt", "graphics"), ("other.odt", "nonsense")):
        with zipfile.ZipFile(out / name, "w") as archive:
            archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
    shutil.copy(out / "sample.odt", out / "future.odt")
    repack(out / "future.odt", lambda name, data: data.replace(b'office:version="1.2"', b'office:version="2.0"'))
    manifest = (b'<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:'
                b'file-entry manifest:full-path="content.xml"><manifest:encryption-data/></manifest:file-entry>'
                b'</manifest:manifest>')
    shutil.copy(out / "sample.odt", out / "locked.odt")
    repack(out / "locked.odt", lambda name, data: manifest if name == "META-INF/manifest.xml" else data)


def epub_sample():
    out = folder("epub")
    book = epub.EpubBook()
    book.set_identifier("urn:uuid:5f0a1c5e-8f1f-4f4b-9a39-1d6f6e0d7a11")
    book.set_title("Two Walks")
    book.set_language("en-GB")
    book.add_author("Ada Brook")
    book.add_author("林小满")
    book.add_metadata("DC", "date", "2026-03-04")
    first = epub.EpubHtml(title="The hill", file_name="text/the hill.xhtml", lang="en")
    first.content = ('<html><head><title>Hill</title></head><body><h1>The hill<a id="top"/></h1><p>Steep, and worth '
                     'it.</p><ul><li>Bring water</li></ul></body></html>')
    second = epub.EpubHtml(title="河边", file_name="text/river.xhtml", lang="zh")
    second.content = "<html><body><h1>河边</h1><p>芦苇很高。</p></body></html>"
    for item in (first, second):
        book.add_item(item)
    book.toc = (first, second)
    book.add_item(epub.EpubNcx())
    book.add_item(epub.EpubNav())
    book.spine = ["nav", first, second]
    epub.write_epub(str(out / "sample.epub"), book)
    repack(out / "sample.epub")

    locked = (b'<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" '
              b'xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData><enc:EncryptionMethod Algorithm="'
              b'http://www.w3.org/2001/04/xmlenc#aes128-cbc"/><enc:CipherData><enc:CipherReference '
              b'URI="EPUB/text/river.xhtml"/></enc:CipherData></enc:EncryptedData></encryption>')
    shutil.copy(out / "sample.epub", out / "locked.epub")
    repack(out / "locked.epub", extra=[("META-INF/encryption.xml", locked)])
    fonts = locked.replace(b"http://www.w3.org/2001/04/xmlenc#aes128-cbc", b"http://www.idpf.org/2008/embedding")
    shutil.copy(out / "sample.epub", out / "fonts.epub")
    repack(out / "fonts.epub", extra=[("META-INF/encryption.xml", fonts)])
    shutil.copy(out / "sample.epub", out / "future.epub")
    repack(out / "future.epub", lambda name, data: data.replace(b'version="3.0"', b'version="7.0"'))
    shutil.copy(out / "sample.epub", out / "hole.epub")
    repack(out / "hole.epub", lambda name, data: data.replace(b"text/river.xhtml", b"text/gone.xhtml")
           if name.endswith(".opf") else data)


if __name__ == "__main__":
    docx_sample()
    pptx_sample()
    xlsx_sample()
    odt_sample()
    epub_sample()
