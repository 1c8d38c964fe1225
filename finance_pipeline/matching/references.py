"""Document numbers: which open items a line's text names, and how surely.

Here: which texts are searched, the words around numbers, the result as frames. Not here: the search itself (kernels),
and whether the amount agrees (proposals, by_reference).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from finance_pipeline.matching import places, wording

if TYPE_CHECKING:
    from finance_pipeline.matching.kernels.buffers import Texts

STRONG, SHORTHAND, BARE, PART = 1, 2, 3, 4
"""How surely a text names an item: by its whole number; by an ending in a list after a whole one; by its digits alone;
by the last run of its digits alone."""
FIELDS = ("end_to_end_id", "bank_reference", "memo", "counterparty_name")
STRUCTURED = FIELDS[:2]
_INVOICE_WORDS = (
    *("INVOICE", "INVOICES", "INV", "INVS", "BILL", "BILLS", "RECHNUNG", "RECHNUNGEN", "RECHNUNGSNR", "RG", "RGNR"),
    *("RNR", "RE", "RENR", "RECHNR", "RECHNUNGSNUMMER", "RECH", "RGN", "FACTURE", "FACTURES", "FACT", "FAC", "FCT"),
    *("FACTUUR", "FACTUREN", "FACTUURNR", "FACTNR", "FAKTURA", "FAKTURANR", "FAKTURY", "FATTURA", "FATTURE", "FATT"),
    *("FACTURA", "FACTURAS", "LASKU", "LASKUNRO", "FV", "FA", "FT", "DOC", "DOCUMENT", "BELEG", "BELEGNR", "RNO"),
    *("CN", "CM", "GS", "CREDITNOTE", "CREDITNOTA", "KREDITNOTA", "KREDITNOTE", "CREDNOTE", "AVOIR", "AV", "NC"),
    *("INVOICENO", "INVNO", "INVNR", "FAKT", "FAKTNR", "VERKSTNR", "NOTA", "IV", "RF", "KID", "OCR", "VIITE"),
    *("GJELDER", "BETREFT", "BETREFF", "BETRIFFT", "BETR", "CONCERNE", "AVSER", "VEDR", "ANGAENDE"),
)
_NUMBER_WORDS = ("NO", "NR", "NUM", "NUMBER", "NUMBERS", "NUMMER", "NUMMERN", "N", "NOS", "NRS", "NUMERO", "NRO", "REF")
_CONNECTORS = (
    *(
        "AND",
        "UND",
        "ET",
        "EN",
        "OG",
        "OCH",
        "U",
        "PLUS",
        "Y",
        "E",
        "I",
        "JA",
        "ALSO",
        "SOWIE",
        "SAMT",
        "LESS",
        "ABZGL",
        "MINUS",
    ),
)
_RANGE_WORDS = (
    "TO",
    "BIS",
    "THRU",
    "THROUGH",
    "TILL",
    "TIL",
    "TM",
    "AU",
    "UNTIL",
    "TOT",
    "A",
    "AL",
    "ATE",
    "DO",
    "TIL",
    "T",
)
LABELS = (
    *(
        "TEL",
        "PHONE",
        "FON",
        "TELEFON",
        "MOBILE",
        "MOBIL",
        "FAX",
        "ORDER",
        "ORDERS",
        "ORDERNR",
        "BESTELLUNG",
        "BESTELLNR",
    ),
    *("BESTELLNUMMER", "AUFTRAG", "AUFTRAGSNR", "COMMANDE", "CDE", "PEDIDO", "ORDINE", "ORDRE", "BESTILLING", "TILAUS"),
    *(
        "BESTELLING",
        "CUSTOMER",
        "CUST",
        "CUSTNO",
        "KUNDE",
        "KUNDEN",
        "KDNR",
        "KUNDENNR",
        "KUNDNR",
        "KUNDENR",
        "KUNDENNUMMER",
    ),
    *(
        "KUNDENUMMER",
        "CLIENT",
        "CLIENTE",
        "KLANT",
        "KLANTNR",
        "KLANTNUMMER",
        "DEBITEUR",
        "DEBITEURNR",
        "DEBITOR",
        "DEBITORNR",
        "DEB",
        "ASIAKAS",
        "KONTO",
        "ACCOUNT",
        "ACCT",
    ),
    *(
        "MANDAT",
        "MREF",
        "CRED",
        "LIEFERSCHEIN",
        "LIEFERSCHEINNR",
        "DELIVERY",
        "VERTRAG",
        "CONTRACT",
        "CONTRAT",
        "POLICE",
    ),
    *("STEUERNR", "UST", "USTID", "VAT", "BTW", "TVA", "CVR", "TRACE", "TRN", "IMAD", "EED", "CONF", "AUTH", "CARD"),
)
"""Words after which digits are the number of something that is no document of ours."""
_ORDER = "^PO[0-9]+$"
"""A purchase order's number. One that no document shows is the payer's own, and names no other document."""
MORE_WORDS = (_INVOICE_WORDS, _NUMBER_WORDS, _CONNECTORS, _RANGE_WORDS)
"""Words after which another document may be named."""
_MEANINGS = ((LABELS, 5), (_CONNECTORS, 3), (_RANGE_WORDS, 4), (_NUMBER_WORDS, 2), (_INVOICE_WORDS, 1))


@dataclass(frozen=True)
class Said:
    """What the lines' texts name.

    hits: one row per line and item: l, i, strength, field, token (as found), whole (the structured field is nothing
    else), digits (significant ones in the token). tokens: one row per number-like text: l, text (squeezed), known
    (names an open item), formed (as long as the house's own numbers).
    """

    hits: pl.DataFrame
    tokens: pl.DataFrame


@dataclass(frozen=True)
class Named(Said):
    """What the lines' texts name, with what further searching takes.

    closed: l, i, strength, token of what lines name that is settled already. settled: i, book, currency, amount, party,
    number, references of all that is.
    """

    closed: pl.DataFrame
    settled: pl.DataFrame
    every_item: pl.DataFrame
    """i, book, number and party of all items, open or settled."""
    index: Index

    @property
    def said(self) -> Said:
        """The same without what searching takes."""
        return Said(self.hits, self.tokens)

    @cached_property
    def surely(self) -> pl.DataFrame:
        """hits by whole numbers, or by endings in a list after one."""
        return self.hits.filter(pl.col("strength") <= SHORTHAND)

    @cached_property
    def at_all(self) -> pl.DataFrame:
        """hits by all digits of a number at least."""
        return self.hits.filter(pl.col("strength") <= BARE)

    def within(self, items: pl.Series) -> Named:
        """The same with every_item only of those items, by their place, for which the answer is yes, and of groups."""
        if items.all():
            return self
        groups = pl.repeat(True, self.every_item.height - len(items), dtype=pl.Boolean, eager=True)
        return replace(self, every_item=self.every_item.filter(pl.concat([items, groups])))

    def of(self, lines: pl.DataFrame) -> Named:
        """What some lines name."""
        hits, tokens, closed = (
            places.kept(frame, pl.lit(places.among(frame["l"], lines["l"])))
            for frame in (self.hits, self.tokens, self.closed)
        )
        return replace(self, hits=hits, tokens=tokens, closed=closed)


def find(lines: pl.DataFrame, items: pl.DataFrame) -> Named:
    """Every item that each line's text names. lines: l, book, FIELDS; items: i, book, currency, amount, party, number,
    references, closed."""
    index = Index.of(items)
    named, tokens = index.search(lines)
    settled = items.filter("closed").drop("closed")
    closed = places.having(named.filter(pl.col("strength") <= BARE), settled, "i")[["l", "i", "strength", "token"]]
    living = places.without(named, settled, "i") if settled.height else named
    return Named(living, tokens, closed, settled, items.select("i", "book", "number", "party"), index)


_HITS = pl.Schema(
    {
        "l": pl.UInt32,
        "i": pl.UInt32,
        "strength": pl.Int32,
        "field": pl.String,
        "token": pl.String,
        "whole": pl.Boolean,
        "digits": pl.Int32,
    }
)
_TOKENS = pl.Schema({"l": pl.UInt32, "text": pl.String, "known": pl.Boolean, "formed": pl.Boolean})


def _surest(found: list[pl.DataFrame]) -> pl.DataFrame:
    """One hit for each line and item: the surest, of equal ones that in the first field."""
    all_hits = pl.concat([pl.DataFrame(schema=_HITS), *found])
    if places.lone(all_hits["l"]).all():
        return all_hits.sort("l")
    place = pl.col("l").cast(pl.UInt64) * 2**32 + pl.col("i")
    one = all_hits.select(place.is_unique()).to_series()
    several = places.filtered(all_hits, ~one)
    order = ["l", "i", "strength", "whole", "field", "token"]
    surest = several.sort(order, descending=[False, False, False, True, False, False]).unique(
        ["l", "i"], keep="first", maintain_order=True
    )
    return pl.concat([places.filtered(all_hits, one), surest]).select(pl.all().sort_by(place))


def _distinct(found: list[pl.DataFrame]) -> pl.DataFrame:
    tokens = pl.concat([pl.DataFrame(schema=_TOKENS), *found])
    tokens = tokens.filter(pl.col("known") | ~pl.col("text").str.contains(_ORDER))
    one = places.lone(tokens["l"])
    if one.all():
        return tokens.sort("l")
    several = places.filtered(tokens, ~one).unique().sort("l", "text", "known")
    return pl.concat([places.filtered(tokens, one), several]).sort("l", maintain_order=True)


@dataclass(frozen=True)
class Index:
    """The keys of all numbers of the open items, as the compiled search asks them."""

    keys: tuple[Any, Any, Any, int]
    heads: tuple[Any, Any, Any]
    numbers: pl.DataFrame
    """book, text of all numbers, not of other references."""

    @cached_property
    def squeezed_keys(self) -> Any:
        """The keys of all numbers, letters and digits alone, sorted (uint64); salted by book as all keys are."""
        import numpy as np

        from finance_pipeline.matching.kernels.buffers import folded_texts
        from finance_pipeline.matching.kernels.nearness import squeezed_keys

        texts, keys = folded_texts(self.numbers["text"]), np.empty(self.numbers.height, np.uint64)
        squeezed_keys(texts.data, texts.starts, texts.sizes, wording.salts(self.numbers["book"]), keys)
        return np.unique(keys)

    @classmethod
    def of(cls, items: pl.DataFrame) -> Index:
        """items: i, book, number, references."""
        from finance_pipeline.matching.kernels.buffers import folded_texts

        listed = items.select("i", "book", text="references").filter(pl.col("text").list.len() > 0).explode("text")
        numbers = items.select("i", "book", text="number").filter(pl.col("text").is_not_null())
        texts = pl.concat([numbers, listed.drop_nulls("text")])
        folded = folded_texts(texts["text"])
        return cls(_keys(texts, folded), _heads(numbers, folded), numbers[["book", "text"]])

    def search(self, lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Hits (of open items and settled ones) and tokens of some lines, as Named has them. lines: l, book, FIELDS."""
        from finance_pipeline.matching.kernels.scanning import scan

        searched = [found for field in FIELDS if (found := _search(scan, lines, field, self)) is not None]
        return _surest([hits for hits, _ in searched]), _distinct([tokens for _, tokens in searched])


def _keys(texts: pl.DataFrame, folded: Texts) -> tuple[Any, Any, Any, int]:
    """Shapes of keys, and the entries by bucket: shapes, starts, entries, shift."""
    import numpy as np

    from finance_pipeline.matching.kernels import numbers
    from finance_pipeline.matching.kernels.buffers import in_parts

    owners, salts = texts["i"].to_numpy(writable=True), wording.salts(texts["book"])

    def part(first: int, last: int) -> tuple[Any, Any]:
        # Shapes of its own: two threads that set bits of one byte would lose some now and then.
        shapes = np.zeros(numbers.SHAPE_COUNT, np.uint8)
        entries = np.empty(((last - first) * numbers.KEYS_PER_NUMBER, 2), np.uint64)
        count = numbers.keys_of_numbers(
            folded.data, folded.starts[first:last], folded.sizes[first:last], owners[first:last], salts[first:last],
            shapes, entries,
        )  # fmt: skip
        return entries[:count], shapes

    parts = in_parts(texts.height, part)
    shapes = np.bitwise_or.reduce([shapes for _, shapes in parts])
    shapes[numbers.SHAPE_COUNT - 1] = 0
    return shapes, *wording.by_bucket(*(entries for entries, _ in parts))


def _heads(numbered: pl.DataFrame, folded: Texts) -> tuple[Any, Any, Any]:
    """How each book's own numbers, the first of those folded, begin: keys (an open table); by its slots the most runs
    of digits and the widths of the last (bits); and which lengths of letters there are."""
    import numpy as np

    from finance_pipeline.matching.kernels import hashing, numbers

    count = numbered.height
    keys, found, salts = np.empty(count, np.uint64), np.zeros((count, 3), np.int64), wording.salts(numbered["book"])
    numbers.heads_of_numbers(folded.data, folded.starts[:count], folded.sizes[:count], salts, keys, found)
    frame = pl.DataFrame({"key": keys, "runs": found[:, 0], "width": found[:, 1], "size": found[:, 2]})
    seen = frame.filter(pl.col("key") != 0).group_by("key", "width", "size").agg(pl.col("runs").max())
    table = hashing.open_table(sorted(set(seen["key"].to_list())))
    forms = np.zeros((len(table), 2), np.int64)
    for key, width, runs in seen[["key", "width", "runs"]].iter_rows():
        at = hashing.slot_of(table, np.uint64(key))
        forms[at, 0] = max(forms[at, 0], runs)
        forms[at, 1] |= 1 << width
    return table, forms, np.array(sorted(set(seen["size"].to_list()) - {0}), np.int64)


@cache
def words() -> tuple[Any, Any]:
    """The words around numbers as an open table of keys, and what each means."""
    import numpy as np

    from finance_pipeline.matching.kernels import hashing

    meant = {hashing.text_key(word.encode()): meaning for words, meaning in _MEANINGS for word in words}
    table = hashing.open_table(list(meant))
    return table, np.array([meant.get(int(key), 0) for key in table], np.int64)


def _search(scan: Any, lines: pl.DataFrame, field: str, index: Index) -> tuple[pl.DataFrame, pl.DataFrame] | None:
    """Hits and tokens of one field of the lines; None where no line has it."""
    import numpy as np

    from finance_pipeline.matching.kernels.buffers import folded_texts, in_parts

    filled = lines.select("l", "book", text=field).filter(pl.col("text").str.contains("[0-9]"))
    if filled.is_empty():
        return None
    texts, salts, meant = folded_texts(filled["text"]), wording.salts(filled["book"]), words()

    def part(first: int, last: int) -> tuple[Any, Any]:
        room = (last - first) * 4 + 4096
        while True:
            hits, tokens = np.empty((room, 7), np.int64), np.empty((room, 5), np.int64)
            found, formed = scan(
                texts.data, texts.starts, texts.sizes, salts, first, last,
                *index.keys, *meant, *index.heads, hits, tokens,
            )  # fmt: skip
            if found >= 0:
                return hits[:found], tokens[:formed]
            room *= 2

    parts = in_parts(filled.height, part)
    hits, tokens = (np.concatenate([p[k] for p in parts]) for k in (0, 1))
    return _hits_frame(hits, texts, filled, field), _tokens_frame(tokens, texts, filled)


def _hits_frame(hits: Any, texts: Any, filled: pl.DataFrame, field: str) -> pl.DataFrame:
    from finance_pipeline.matching.kernels.buffers import pieces

    return pl.DataFrame(
        {
            "l": filled["l"].gather(hits[:, 0]),
            "i": pl.Series(hits[:, 1]).cast(pl.UInt32),
            "strength": pl.Series(hits[:, 2]).cast(pl.Int32),
            "field": pl.repeat(field, len(hits), dtype=pl.String, eager=True),
            "token": pieces(texts.data, hits[:, 3], hits[:, 4] - hits[:, 3]),
            "whole": pl.Series((hits[:, 5] != 0) & (field in STRUCTURED)),
            "digits": pl.Series(hits[:, 6]).cast(pl.Int32),
        }
    )


def _tokens_frame(tokens: Any, texts: Any, filled: pl.DataFrame) -> pl.DataFrame:
    from finance_pipeline.matching.kernels.buffers import squeezed_pieces

    return pl.DataFrame(
        {
            "l": filled["l"].gather(tokens[:, 0]),
            "text": squeezed_pieces(texts.data, tokens[:, 1], tokens[:, 2] - tokens[:, 1]),
            "known": pl.Series(tokens[:, 3] != 0),
            "formed": pl.Series(tokens[:, 4] != 0),
        }
    )
