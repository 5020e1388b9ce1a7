"""Sheets of paper vouchers: how long do ten thousand take, in how much memory, on one core?

Bars: under a minute, under 1 GB. The sheets are made in processes of their own, whose memory is
nobody else's.
"""

from __future__ import annotations

import multiprocessing
import resource
from multiprocessing.connection import Connection
from time import perf_counter

from benchmarks.report import Report
from benchmarks.server import Bench
from kaquan.engine.codes import CodeBook, CodeKey
from kaquan.printing.layouts import Layout
from kaquan.printing.sheets import Face, Voucher, sheets_pdf

COUNT = 10_000
FIRST_SERIAL = 5_000_003
PER_PAGE = 10
TERMS = ("1. 满100元减20元。", "2. 有效期：2026-11-01 至 2026-12-31。", "3. 全部门店可用。")


def run(report: Report, bench: Bench) -> None:
    """Measure A4 sheets of ten, with a QR code and a Code 128 each and terms on the back."""
    del bench
    from kaquan.printing.run_jobs import VOUCHERS_A_FILE  # its models need Django set up

    fresh = multiprocessing.get_context("spawn")
    receiver, sender = fresh.Pipe(duplex=False)
    child = fresh.Process(target=_print, args=(sender, VOUCHERS_A_FILE))
    child.start()
    taken_s, cpu_s, peak_kb, pdf_bytes = receiver.recv()
    child.join()
    report(f"printing {COUNT:,} vouchers", taken_s, "s", "< 60")
    report("printing: processor time", cpu_s, "s")
    report("printing: sheets a minute", COUNT / PER_PAGE / taken_s * 60, "sheets/min")
    report("printing: peak memory", peak_kb / 1024, "MB", "< 1000")
    report("printing: PDF a voucher", pdf_bytes / COUNT, "bytes")


def _print(results: Connection, vouchers_a_file: int) -> None:
    book = CodeBook([CodeKey(1, bytes(range(32)), bytes(range(32, 64)))], issuer=86)
    face = Face(Layout(title="国庆满100减20元", per_page=PER_PAGE, two_sided=True), TERMS)
    start_s = perf_counter()
    pdf_bytes = 0
    for first in range(FIRST_SERIAL, FIRST_SERIAL + COUNT, vouchers_a_file):
        serials = range(first, min(first + vouchers_a_file, FIRST_SERIAL + COUNT))
        pdf_bytes += len(sheets_pdf(face, [Voucher(one, book.encode(one)) for one in serials]))
    taken_s = perf_counter() - start_s
    own, typst = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    cpu_s = own.ru_utime + own.ru_stime + typst.ru_utime + typst.ru_stime
    results.send((taken_s, cpu_s, own.ru_maxrss + typst.ru_maxrss, pdf_bytes))
