"""camt.053 files written for the tests, by versions and banks that leave things out."""

from dataclasses import dataclass

from finance_pipeline.sources.statements.assemble import statements_of
from finance_pipeline.sources.statements.model import StatementFile
from finance_pipeline.sources.statements.reading import read_bytes


@dataclass(frozen=True)
class Line:
    """One entry: a signed decimal text, and what else the bank says in XML."""

    amount: str
    reference: str = ""
    on: str = ""
    text: str = ""
    end_to_end_id: str = ""
    more: str = ""

    def xml(self, currency: str) -> str:
        direction = "DBIT" if self.amount.startswith("-") else "CRDT"
        refs = f"<Refs><EndToEndId>{self.end_to_end_id}</EndToEndId></Refs>" if self.end_to_end_id else ""
        remittance = f"<RmtInf><Ustrd>{self.text}</Ustrd></RmtInf>" if self.text else ""
        details = f"<NtryDtls><TxDtls>{refs}{remittance}</TxDtls></NtryDtls>" if refs or remittance else ""
        booked = f"<BookgDt><Dt>{self.on}</Dt></BookgDt>" if self.on else ""
        reference = f"<AcctSvcrRef>{self.reference}</AcctSvcrRef>" if self.reference else ""
        amount = self.amount.removeprefix("-")
        return (
            f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>{booked}{reference}'
            f"{self.more}{details}</Ntry>"
        )


def balance(code: str, amount: str, day: str, currency: str = "EUR") -> str:
    direction = "DBIT" if amount.startswith("-") else "CRDT"
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="{currency}">{amount.removeprefix("-")}</Amt><CdtDbtInd>{direction}</CdtDbtInd>'
        f"<Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def statement(
    opening: str, closing: str, *lines: Line, day: str, account: str = "DE02100100109307118603", number: str = "S1"
) -> str:
    """One day's statement of an account in EUR."""
    entries = "".join(line.xml("EUR") for line in lines)
    return (
        f"<Stmt><Id>{number}</Id><CreDtTm>{day}T19:00:00</CreDtTm><Acct><Id><IBAN>{account}</IBAN></Id></Acct>"
        f"{balance('OPBD', opening, day)}{balance('CLBD', closing, day)}{entries}</Stmt>"
    )


def statement_file(*statements: str, version: str = "08") -> bytes:
    namespace = f"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{namespace}"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>M</MsgId></GrpHdr>{''.join(statements)}</BkToCstmrStmt></Document>"
    ).encode()


def parse_statement_file(raw: bytes, name: str = "file") -> StatementFile:
    """The whole statements of a file's bytes, read in this process."""
    return StatementFile(name, tuple(statements_of(read_bytes(raw))))
