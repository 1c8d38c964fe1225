"""A hundred files that attack a reader of statements: bombs, depth, broken text, wrong totals, impossible days."""

from __future__ import annotations

import base64
import gzip
import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

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


def linked() -> bytes:
    """A zip whose member is a link to a file of the machine."""
    packed, link = io.BytesIO(), zipfile.ZipInfo("a.sta")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(link, b"/etc/passwd")
    return packed.getvalue()


def workbook(member: str, old: bytes, new: bytes) -> bytes:
    """The good workbook of the corpus with something replaced in the members of a name."""
    with zipfile.ZipFile(Path(__file__).parent / "corpus" / "csv" / "sheet.xlsx") as archive:
        parts = [(name, archive.read(name)) for name in archive.namelist()]
    return zipped(*((name, instead(part, old, new) if name.endswith(member) else part) for name, part in parts))


def amount(text: str) -> bytes:
    """The good camt file with another amount in its entry."""
    begin, end = GOOD.index(b"<Ntry>"), GOOD.index(b"</Ntry>")
    return GOOD[:begin] + instead(GOOD[begin:end], b">1.00</Amt>", f">{text}</Amt>".encode()) + GOOD[end:]


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
    "parameter entities that hold one another": lambda: camt(
        b"<Document", b'<!DOCTYPE Document [<!ENTITY % a "x"><!ENTITY % b "%a;%a;">%b;]><Document'
    ),
    "a document type that is a file": lambda: camt(
        b"<Document", b'<!DOCTYPE Document SYSTEM "file:///etc/passwd"><Document'
    ),
    "a document type in UTF-16 without a mark": lambda: (
        entities(3).decode().replace("UTF-8", "UTF-16LE").encode("utf-16-le")
    ),
    "UTF-32": lambda: GOOD.decode().replace("UTF-8", "UTF-32").encode("utf-32"),
    "overlong UTF-8": lambda: camt(b">S1<", b">\xc0\xaf<"),
    "half a character": lambda: camt(b">S1<", b">&#xD800;<"),
    "a million blanks before XML": lambda: b" " * 1_000_000 + GOOD,
    "an account number that is turned round": lambda: camt(b"<IBAN>", "<IBAN>\u202e".encode()),
    "an account number with what cannot be seen": lambda: camt(b"<IBAN>DE", "<IBAN>D\u200bE".encode()),
    "an account number that steers the terminal": lambda: instead(MT, b":25:", b":25:\x1b[2J"),
    "an account number of a million digits": lambda: camt(b"<IBAN>", b"<IBAN>" + b"9" * 1_000_000),
    "two amounts of an entry": lambda: camt(
        b'<Amt Ccy="EUR">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><B',
        b'<Amt Ccy="EUR">1.00</Amt><Amt Ccy="EUR">5.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><B',
    ),
    "both credit and debit": lambda: camt(b"CRDT</CdtDbtInd><B", b"CRDT</CdtDbtInd><CdtDbtInd>DBIT</CdtDbtInd><B"),
    "an amount of 1e308": lambda: amount("1e308"),
    "an infinite amount": lambda: amount("Infinity"),
    "a hexadecimal amount": lambda: amount("0x1"),
    "an amount in full-width digits": lambda: amount("\uff11.00"),
    "an amount with an underscore": lambda: amount("1_0.00"),
    "an amount with a minus beside its indicator": lambda: amount("-1.00"),
    "an amount one beyond 64 bits": lambda: amount("92233720368547758.08"),
    "the greatest amount of 64 bits": lambda: amount("92233720368547758.07"),
    "day 0": lambda: camt(b"<BookgDt><Dt>2026-05-04", b"<BookgDt><Dt>0000-00-00"),
    "a date with a sign": lambda: camt(b"<BookgDt><Dt>2026", b"<BookgDt><Dt>-2026"),
    "a date in other digits": lambda: camt(b"<BookgDt><Dt>2026", "<BookgDt><Dt>\u0662\u0660\u0662\u0666".encode()),
    "an infinite date": lambda: camt(b"<BookgDt><Dt>2026-05-04", b"<BookgDt><Dt>infinity"),
    "a batch of more members than a number holds": lambda: camt(b"</Ntry>", _BATCH.replace(b"-5", b"9" * 5_000)),
    "a statement in base64": lambda: base64.b64encode(GOOD * 200),
    "a zip in a gzip": lambda: gzip.compress(zipped(("a.sta", MT))),
    "a gzip in a zip": lambda: zipped(("a.sta.gz", gzip.compress(MT))),
    "a gzip with something behind it": lambda: gzip.compress(MT) + b"junk",
    "a zip that climbs out": lambda: zipped(("../../../../etc/cron.d/x", MT)),
    "a zip with a link": linked,
    "a zip with two statements of a day that differ": lambda: zipped(
        ("a.sta", MT), ("b.sta", MT.replace(b"1,00", b"2,00"))
    ),
    "a workbook that points outside": lambda: workbook(
        ".rels", b'Target="worksheets/sheet1.xml"', b'TargetMode="External" Target="file:///etc/passwd"'
    ),
    "a workbook that climbs out": lambda: workbook(".rels", b"worksheets/sheet1.xml", b"../../../etc/passwd"),
    "a workbook with a cell at the end of the world": lambda: workbook("sheet1.xml", b'r="A1"', b'r="XFD1048576"'),
    "a workbook that unpacks to a bomb": lambda: workbook(
        "sheet1.xml", b"<sheetData>", b"<sheetData>" + b"<row/>" * 5_000_000
    ),
    "a line of MT940 without an amount": lambda: instead(MT, b"C1,00NTRF", b"CNTRF"),
    "a line of MT940 in other digits": lambda: instead(MT, b"C1,00NTRF", "C\u0661,00NTRF".encode()),
    "a hundred thousand references in MT940": lambda: b":20:A\n" * 100_000,
    "a record of BAI2 continued a hundred thousand times": lambda: instead(
        BAI, b"49,200", b"88,continued\n" * 100_000 + b"49,200"
    ),
    "wrong control total of a group in BAI2": lambda: instead(BAI, b"98,200,", b"98,201,"),
    "wrong control total of the file in BAI2": lambda: instead(BAI, b"99,200,", b"99,201,"),
    "an amount beyond 64 bits in BAI2": lambda: instead(BAI, b"16,195,100", b"16,195,9223372036854775908"),
    "day 0 in BAI2": lambda: instead(BAI, b"02,1,2,1,260504", b"02,1,2,1,000000"),
    "a continuation before all records of BAI2": lambda: b"88,x/\n" + BAI,
    "two amounts of a line in OFX": lambda: instead(OFX, b"<TRNAMT>1.00", b"<TRNAMT>1.00<TRNAMT>2.00"),
    "an infinite amount in OFX": lambda: instead(OFX, b"<TRNAMT>1.00", b"<TRNAMT>Infinity"),
    "tags of OFX to a depth of 300,000": lambda: OFX[:20] + b"<A>" * 300_000,
    "300,000 records of QIF with nothing in them": lambda: b"!Type:Bank\n" + b"^\n" * 300_000,
    "a hundred thousand columns of CSV": lambda: (
        b"Date,Payee,Amount" + b",x" * 100_000 + b"\n2026-05-04,P,1.00" + b"," * 100_000
    ),
    "a quote that is never closed in a long CSV": lambda: (
        b'Date,Payee,Amount\n2026-05-04,"P,1.00\n' + b"2026-05-05,P,1.00\n" * 20_000
    ),
    "an infinite amount in CSV": lambda: instead(CSV, b"1.00", b"Infinity"),
    "only a byte order mark": lambda: b"\xef\xbb\xbf",
    "a program with an archive in it": lambda: b"MZ" + zipped(("a.sta", MT)),
    "a statement and something else": lambda: GOOD + b'<?xml version="1.0"?><Else/>',
}
