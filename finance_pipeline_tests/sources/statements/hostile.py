"""Sixty files that attack a reader of statements: bombs, depth, broken text, wrong totals, impossible days."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from collections.abc import Callable

from finance_pipeline_tests.sources.statement_files import Line, balance, statement, statement_file

DAY = "2026-05-04"
GOOD = statement_file(statement("0.00", "1.00", Line("1.00", on=DAY), day=DAY))
MT = b":20:A\n:25:NL91ABNA0417164300\n:28C:1\n:60F:C260504EUR0,00\n:61:2605040504C1,00NTRFX\n:62F:C260504EUR1,00\n-\n"
BAI = (
    b"01,1,2,260505,0200,1,,,2/\n02,1,2,1,260504,,,2/\n03,77,,010,0,,,015,100,,/\n16,195,100,Z,,,IN/\n"
    b"49,200,3/\n98,200,1,5/\n99,200,1,7/\n"
)
OFX = (
    b"OFXHEADER:100\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>USD<BANKACCTFROM><ACCTID>77</BANKACCTFROM>"
    b"<BANKTRANLIST><STMTTRN><DTPOSTED>20260504<TRNAMT>1.00<FITID>F</STMTTRN></BANKTRANLIST>"
    b"<LEDGERBAL><BALAMT>1.00<DTASOF>20260504</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
)
QIF = b"!Type:Bank\nD05/14/2026\nT1.00\n^\n"
CSV = b"Date,Payee,Amount\n2026-05-04,Payer,1.00\n2026-05-14,Payer,2.00\n"
CODA = (
    b"0000004052672505"
    + b" " * 112
    + b"\n12001"
    + b"BE68539007547034".ljust(34)
    + b"EUR"
    + b"0" * 22
    + b" " * 64
    + b"\n"
)
LARGE = 10_000_000


def entities(count: int, kind: str = "") -> bytes:
    """A document type with entities that hold ten of the one before."""
    nested = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "x"}">' for i in range(count))
    declaration = f"<!DOCTYPE Document [{nested}{kind}]>"
    return GOOD.replace(b"<Document", declaration.encode() + b"<Document", 1).replace(b">S1<", b">&e9;<")


def zipped(*members: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return packed.getvalue()


def lying(content: bytes) -> bytes:
    """A zip whose directory says that its member is small."""
    packed = bytearray(zipped(("a.sta", content)))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = packed.index(signature) + offset
        packed[place : place + 4] = struct.pack("<I", 1000)
    return bytes(packed)


def encrypted() -> bytes:
    packed = bytearray(zipped(("a.sta", MT)))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        packed[packed.index(signature) + offset] |= 1
    return bytes(packed)


def camt(old: bytes, new: bytes) -> bytes:
    """The good camt file with something replaced."""
    assert old in GOOD
    return GOOD.replace(old, new)


def instead(content: bytes, old: bytes, new: bytes) -> bytes:
    assert old in content
    return content.replace(old, new)


_BAD_TOTALS = b"<TxsSummry><TtlNtries><NbOfNtries>-1</NbOfNtries></TtlNtries></TxsSummry><Ntry>"
_BATCH = b"<NtryDtls><Btch><NbOfTxs>-5</NbOfTxs></Btch></NtryDtls></Ntry>"
FILES: dict[str, Callable[[], bytes]] = {
    "entity bomb": lambda: entities(10),
    "entity bomb of depth two": lambda: entities(2).replace(b"&e9;", b"&e1;"),
    "external entity": lambda: entities(10, '<!ENTITY x SYSTEM "file:///etc/hostname">').replace(b"&e9;", b"&x;"),
    "parameter entity": lambda: entities(1, '<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;'),
    "external document type": lambda: camt(
        b"<Document", b'<!DOCTYPE Document SYSTEM "http://127.0.0.1:9/x.dtd"><Document'
    ),
    "document type in UTF-16": lambda: entities(10).decode().replace("UTF-8", "UTF-16").encode("utf-16"),
    "entity without a document type": lambda: camt(b">S1<", b">&secret;<"),
    "document type behind a long comment": lambda: camt(
        b"<Document", b"<!--" + b"x" * 200_000 + b"--><!DOCTYPE Document [<!ENTITY e 'x'>]><Document"
    ),
    "deep nesting": lambda: camt(b"</Stmt>", b"<a>" * 5_000 + b"</a>" * 5_000 + b"</Stmt>"),
    "deep nesting without an end": lambda: camt(b"</Stmt>", b"<a>" * 300_000),
    "attributes without end": lambda: camt(
        b"<Stmt>", b"<Stmt " + b" ".join(b'a%d="x"' % i for i in range(200_000)) + b">"
    ),
    "a text of ten megabytes": lambda: camt(b"S1<", b"S" * (LARGE + 1) + b"<"),
    "a file cut in the middle": lambda: GOOD[:-60],
    "an element that is not closed": lambda: camt(b"<Stmt>", b"<Stmt><Other>"),
    "two roots": lambda: GOOD + b"<Document/>",
    "NUL bytes in XML": lambda: camt(b"S1", b"S\x001"),
    "control characters in XML": lambda: camt(b"S1", b"S\x08"),
    "UTF-16 that is cut": lambda: GOOD.decode().replace("UTF-8", "UTF-16").encode("utf-16")[:-31],
    "UTF-16 said, UTF-8 sent": lambda: camt(b"UTF-8", b"UTF-16"),
    "bytes that are not UTF-8": lambda: camt(b"S1", b"S\xff\xfe"),
    "an encoding that is none": lambda: camt(b"UTF-8", b"x-none"),
    "year 0 in camt": lambda: camt(b"<BookgDt><Dt>2026", b"<BookgDt><Dt>0000"),
    "month 13 in camt": lambda: camt(b"<BookgDt><Dt>2026-05", b"<BookgDt><Dt>2026-13"),
    "year 9999 in camt": lambda: camt(b"<BookgDt><Dt>2026", b"<BookgDt><Dt>9999"),
    "a negative count of a batch": lambda: camt(b"</Ntry>", _BATCH),
    "a negative count of entries": lambda: camt(b"<Ntry>", _BAD_TOTALS),
    "an amount beyond all money": lambda: camt(
        b">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><B", b">" + b"9" * 30 + b"</Amt><B"
    ),
    "an amount in words": lambda: camt(b'"EUR">1.00</Amt>', b'"EUR">NaN</Amt>'),
    "an amount with an exponent": lambda: camt(b'"EUR">1.00</Amt>', b'"EUR">1e0</Amt>'),
    "an amount in other digits": lambda: camt(b'"EUR">1.00</Amt>', '"EUR">\u0661.00</Amt>'.encode()),
    "a currency that is none": lambda: camt(b'"EUR"', b'"EUX"'),
    "neither credit nor debit": lambda: camt(b"CRDT</CdtDbtInd><BookgDt>", b"BOTH</CdtDbtInd><BookgDt>"),
    "totals that do not hold": lambda: camt(b"<Ntry>", _BAD_TOTALS.replace(b"-1", b"7")),
    "a cent too many": lambda: camt(balance("CLBD", "1.00", DAY).encode(), balance("CLBD", "1.01", DAY).encode()),
    "a zip bomb": lambda: zipped(("a.sta", b"\0" * 50_000_000)),
    "a zip that lies about its size": lambda: lying(b"A" * 5_000_000),
    "a zip in a zip": lambda: zipped(("a.zip", zipped(("b.sta", MT)))),
    "a zip of ten thousand files": lambda: zipped(*((f"{i}.sta", b"") for i in range(10_000))),
    "a zip that is cut": lambda: zipped(("a.sta", MT))[:-20],
    "a zip with a password": encrypted,
    "an empty zip": lambda: zipped(("a/", b"")),
    "a workbook without sheets": lambda: zipped(("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<x/>")),
    "a workbook with a document type": lambda: zipped(("xl/workbook.xml", b"<!DOCTYPE x [<!ENTITY e 'x'>]><x>&e;</x>")),
    "a workbook without what it names": lambda: zipped(
        ("xl/workbook.xml", b"<x><sheets><sheet r:id='1'/></sheets></x>")
    ),
    "a gzip bomb": lambda: gzip.compress(b"\0" * 50_000_000),
    "a gzip that is cut": lambda: gzip.compress(MT * 100)[:-10],
    "a gzip in a gzip": lambda: gzip.compress(gzip.compress(MT)),
    "NUL bytes in MT940": lambda: instead(MT, b"NTRFX", b"NTRF\0"),
    "a line of ten megabytes in MT940": lambda: MT + b":86:" + b"x" * LARGE,
    "day 0 in MT940": lambda: instead(MT, b"C260504EUR0,00", b"C000000EUR0,00"),
    "a line of MT940 with an amount beyond all money": lambda: instead(MT, b"C1,00", b"C" + b"9" * 40 + b","),
    "wrong control total in BAI2": lambda: instead(BAI, b"49,200,", b"49,201,"),
    "negative counts in BAI2": lambda: instead(BAI, b"99,200,1,7", b"99,200,-1,-7"),
    "a distribution of a billion pairs in BAI2": lambda: instead(BAI, b"Z,,,IN", b"D,999999999,1,1,IN"),
    "year 0 in OFX": lambda: instead(OFX, b"<DTPOSTED>2026", b"<DTPOSTED>0000"),
    "deep nesting in OFX": lambda: instead(OFX, b"<OFX>", b"<OFX>" * 100_000),
    "a document type in OFX": lambda: instead(OFX, b"<OFX>", b"<!DOCTYPE OFX [<!ENTITY x 'y'>]><OFX>"),
    "ten megabytes of open tags in OFX": lambda: OFX[:20] + b"<OFX" + b"<A " * (LARGE // 3),
    "an amount of QIF that is none": lambda: instead(QIF, b"T1.00", b"T--1"),
    "an unclosed quote in CSV": lambda: instead(CSV, b"Payer,1", b'"Payer,1'),
    "a cell of ten megabytes in CSV": lambda: instead(CSV, b"Payer,1", b"P" * LARGE + b",1"),
    "negative counts in CODA": lambda: CODA + b"9" + b" " * 15 + b"-00001" + b" " * 106 + b"\n",
    "random bytes": lambda: bytes(range(256)) * 40,
}
