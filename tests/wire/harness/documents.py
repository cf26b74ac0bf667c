"""Real documents, made by the libraries and programs that people make theirs with."""

import functools
import io
import pathlib
import random
import shutil
import subprocess
import tempfile

import docx
import openpyxl
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOC = "application/msword"
TXT = "text/plain"
MIME_TYPES = {"pdf": PDF, "docx": DOCX, "xlsx": XLSX, "doc": DOC, "txt": TXT}

MEBIBYTE = 1 << 20
FILE_BYTES_MAX = 50 * MEBIBYTE


def mime_type_of(filename: str) -> str:
    return MIME_TYPES.get(filename.rsplit(".", 1)[-1].lower(), TXT)


@functools.cache
def pdf() -> bytes:
    stream = io.BytesIO()
    page = canvas.Canvas(stream, pagesize=A4)
    for number in range(1, 4):
        page.setFont("Helvetica", 14)
        page.drawString(72, 770, f"Lesson plan, page {number}")
        for line in range(30):
            page.drawString(72, 740 - 20 * line, f"Exercise {line}: solve for x.")
        page.showPage()
    page.save()
    return stream.getvalue()


@functools.cache
def docx_file() -> bytes:
    document = docx.Document()
    document.add_heading("Zusammenfassung", level=1)
    document.add_paragraph("Die Schülerinnen und Schüler lernen 数学 und العربية.")
    table = document.add_table(rows=3, cols=2)
    for number, row in enumerate(table.rows):
        row.cells[0].text, row.cells[1].text = f"Question {number}", f"Answer {number}"
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


@functools.cache
def xlsx_file() -> bytes:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "Grades"
    sheet.append(["Student", "Mark"])
    for number in range(200):
        sheet.append([f"student-{number}", number % 15])
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


@functools.cache
def txt() -> bytes:
    return "Notes: naïve café, 漢字, 🙂, line\n".encode() * 20


@functools.cache
def doc_file() -> bytes:
    """A Word 97 file (OLE2), converted by LibreOffice from the DOCX."""
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        raise FileNotFoundError("soffice: install libreoffice-writer-nogui")
    with tempfile.TemporaryDirectory(prefix="satchel-wire-doc-") as folder:
        source = pathlib.Path(folder, "source.docx")
        source.write_bytes(docx_file())
        subprocess.run(
            [office, f"-env:UserInstallation=file://{folder}/profile", "--headless",
             "--convert-to", "doc:MS Word 97", "--outdir", folder, str(source)],
            check=True, capture_output=True, timeout=170)
        return pathlib.Path(folder, "source.doc").read_bytes()


def real_document(extension: str) -> bytes:
    return {"pdf": pdf, "docx": docx_file, "xlsx": xlsx_file, "doc": doc_file,
            "txt": txt}[extension]()


def text_of_size(size: int, seed=0) -> bytes:
    """Exactly `size` bytes of ASCII text, different for every seed."""
    head = f"{seed} {size}\n".encode()
    filler = random.Random(repr((seed, size))).choices(b"abcdefghij \n", k=min(size, 64))
    body = bytes(filler) * (size // max(len(filler), 1) + 1)
    return (head + body)[:size]


@functools.cache
def _noise(size: int) -> bytes:
    return random.Random(7).randbytes(size)


def pdf_of_size(size: int, seed=0) -> bytes:
    """Exactly `size` bytes that begin as a PDF and cannot be compressed."""
    head = f"%PDF-1.7\n%{seed}\n".encode()
    return (head + _noise(size))[:size] if size > len(head) else head[:size]
