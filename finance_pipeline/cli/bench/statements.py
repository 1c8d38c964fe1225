"""`bench statements`: how fast statement files are read, and in how much memory, on files written for it.

Each file is read once, in a process of its own, as `statements parse` reads it. Writing the files is part of no figure.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from finance_pipeline.cli.bench.processes import measured
from finance_pipeline.cli.show import Shown, count, say, show_json, show_table, text
from finance_pipeline.core.settings import home_folder

_USUAL_LINES = 1_000_000
_MT_LINES = 100_000
_READER = "finance_pipeline.cli.bench.reading"
_MIB = 1024 * 1024
_TARGET_ENTRIES_A_SECOND = 100_000
_TARGET_BYTES_A_SECOND = 40_000_000
_TARGET_PEAK_BYTES = 500 * _MIB
_MT_TARGET_MS = 5_000
_CAMT_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
    "<BkToCstmrStmt><GrpHdr><MsgId>M</MsgId></GrpHdr><Stmt><Id>1</Id><CreDtTm>2026-05-04T18:00:00</CreDtTm>"
    "<Acct><Id><IBAN>DE02100100109307118603</IBAN></Id><Ccy>EUR</Ccy></Acct>"
)
_CAMT_BALANCE = (
    "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>"
    "<Dt><Dt>2026-05-04</Dt></Dt></Bal>\n"
)
_CAMT_ENTRY = (
    '<Ntry><Amt Ccy="EUR">{whole}.{part:02}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
    "<BookgDt><Dt>2026-05-04</Dt></BookgDt><ValDt><Dt>2026-05-04</Dt></ValDt><AcctSvcrRef>R{n:09}</AcctSvcrRef>"
    "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>"
    "<NtryDtls><TxDtls><Refs><EndToEndId>E2E{n:09}</EndToEndId></Refs><RltdPties><Dbtr><Pty><Nm>Customer {n}</Nm>"
    "</Pty></Dbtr><DbtrAcct><Id><IBAN>DE75512108001245126199</IBAN></Id></DbtrAcct></RltdPties><RmtInf><Ustrd>Invoice "
    "INV-{n}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\n"
)
_MT_LINE = (
    ":61:2605040504C{whole},{part:02}NTRFREF{n}//B{n}\n:86:166?00GUTSCHRIFT?20EREF+INV-{n}?21SVWZ+Rechnung {n}"
    "?30COBADEFFXXX?31DE75512108001245126199?32Kunde {n} GmbH\n"
)


@dataclass(frozen=True)
class Figure:
    """One file that was read."""

    format: str
    lines: int
    bytes: int
    milliseconds: int
    """Of reading alone, in a process that has loaded what it needs."""
    peak_bytes: int
    foots: bool
    met: bool
    """Whether the target is met: of time, and of memory where there is one."""

    @property
    def lines_a_second(self) -> int:
        return self.lines * 1000 // max(self.milliseconds, 1)

    @property
    def bytes_a_second(self) -> int:
        return self.bytes * 1000 // max(self.milliseconds, 1)


def run_statements_bench(lines: int | None, *, as_json: bool) -> None:
    """Write the files, read each, and print what it took."""
    base = home_folder()
    base.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-statements-", dir=base))
    try:
        figures = [_camt(folder, lines or _USUAL_LINES), _mt(folder, min(lines or _MT_LINES, _MT_LINES))]
    finally:
        shutil.rmtree(folder)
    rows = [_row(figure) for figure in figures]
    if as_json:
        show_json(rows)
    else:
        show_table("bench statements", rows, _COLUMNS)


def _row(figure: Figure) -> dict[str, Any]:
    rates = {"lines_a_second": figure.lines_a_second, "bytes_a_second": figure.bytes_a_second}
    return asdict(figure) | rates


def _camt(folder: Path, lines: int) -> Figure:
    """camt.053: as many entries a second as the target says, or as many bytes, whichever is reached first."""
    file = folder / "large.xml"
    say(f"Writing camt.053 with {lines:,} entries ...")
    total = _decimal(sum(map(_minor, range(lines))))
    with file.open("w", encoding="utf-8") as written:
        written.write(_CAMT_HEAD + _CAMT_BALANCE.format(code="OPBD", amount="0.00"))
        written.write(_CAMT_BALANCE.format(code="CLBD", amount=total))
        written.writelines(_filled(_CAMT_ENTRY, lines))
        written.write("</Stmt></BkToCstmrStmt></Document>\n")
    read = _read("camt.053", file, lines)
    is_fast = read.lines_a_second >= _TARGET_ENTRIES_A_SECOND or read.bytes_a_second >= _TARGET_BYTES_A_SECOND
    return _judged(read, met=is_fast and read.peak_bytes <= _TARGET_PEAK_BYTES)


def _mt(folder: Path, lines: int) -> Figure:
    file = folder / "large.sta"
    say(f"Writing MT940 with {lines:,} lines ...")
    total = _decimal(sum(map(_minor, range(lines)))).replace(".", ",")
    with file.open("w", encoding="utf-8") as written:
        written.write(":20:BENCH\n:25:DE02100100109307118603\n:28C:1/1\n:60F:C260504EUR0,00\n")
        written.writelines(_filled(_MT_LINE, lines))
        written.write(f":62F:C260504EUR{total}\n-\n")
    read = _read("MT940", file, lines)
    return _judged(read, met=read.milliseconds <= _MT_TARGET_MS)


def _minor(number: int) -> int:
    """The amount of a line, so that no two neighbours are alike."""
    return 100 + number * 7919 % 900_000


def _decimal(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02}"


def _filled(shape: str, lines: int) -> Iterator[str]:
    return (shape.format(n=n, whole=_minor(n) // 100, part=_minor(n) % 100) for n in range(lines))


def _read(form: str, file: Path, lines: int) -> Figure:
    say("Reading ...")
    ended = measured(_READER, str(file))
    said: dict[str, Any] = ended.said
    size = file.stat().st_size
    return Figure(form, lines, size, said["milliseconds"], ended.peak_bytes, said["foots"], met=False)


def _judged(read: Figure, *, met: bool) -> Figure:
    """A figure is met only if the file was read right."""
    return Figure(**asdict(read) | {"met": met and read.foots})


_COLUMNS = [
    text("Format", "format"),
    count("Lines", "lines"),
    Shown("MB", lambda row: f"{row['bytes'] / 1_000_000:,.0f}", is_figure=True),
    Shown("Seconds", lambda row: f"{row['milliseconds'] / 1000:.2f}", is_figure=True),
    count("Lines/s", "lines_a_second"),
    Shown("MB/s", lambda row: f"{row['bytes_a_second'] / 1_000_000:,.0f}", is_figure=True),
    Shown("Peak MiB", lambda row: f"{row['peak_bytes'] // _MIB:,}", is_figure=True),
    Shown("Adds up", lambda row: "yes" if row["foots"] else "no"),
    Shown("Target", lambda row: "met" if row["met"] else "not met"),
]
