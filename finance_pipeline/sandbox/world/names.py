"""Names of companies, and how a bank prints them: without the legal form, cut off, in capitals, or not at all."""

from __future__ import annotations

from random import Random

from finance_pipeline.sandbox.world.wordlists import words

_FIRST = {
    "us": words(
        "Summit|Harbor|Prairie|Cascade|Liberty|Redwood|Granite|Bluewater|Keystone|Lakeside|"
        "Sterling|Pioneer|Ironwood|Silverline|Cedar|Beacon|Frontier|Maple|Northgate|Oakridge|"
        "Copperfield|Whitestone|Falcon|Meridian|Juniper|Canyon|Trident|Evergreen|Patriot|"
        "Magnolia|Hawthorne|Cobalt|Delmar|Ridgeway|Stonebridge|Fairmont"
    ),
    "uk": words(
        "Ashford|Whitby|Thornbury|Camden|Severn|Pennine|Wexham|Harrogate|Langley|Kingsway|"
        "Tamworth|Burnham|Calder|Holloway|Strand|Chiltern|Mersey|Aldgate|Ravensbourne|Dunmore|"
        "Fenwick|Greenock|Hartley|Inver|Loxley|Marlow|Norwood|Oakham|Penrose|Quarry|Radcliffe|"
        "Selby|Trent|Upton|Wharfe|Yarrow"
    ),
    "de": words(
        "Nordwind|Müller|Schäfer|Krüger|Isar|Hansa|Rhein|Löwen|Bergmann|Weiß|Südstern|Grün|"
        "Köhler|Jäger|Alster|Böhm|Schröder|Taunus|Märkische|Fränkische|Lüneburger|Ruhr|Elbtal|"
        "Donau|Spree|Vogt|Brückner|Hölzl|Österreicher|Zimmermann|Dörfler|Günther|Eiffel|Möller|"
        "Sächsische|Thüringer"
    ),
}
_TRADE = {
    "us": words(
        "Supply|Logistics|Medical Group|Foods|Systems|Construction|Analytics|Energy|Packaging|"
        "Dental|Freight|Labs|Hardware|Consulting|Security|Textiles|Printing|Motors|Farms|"
        "Robotics|Plumbing|Software|Distribution|Optics"
    ),
    "uk": words(
        "Engineering|Joinery|Catering|Publishing|Estates|Haulage|Interiors|Textiles|Brewery|"
        "Consultancy|Electrical|Pharma|Media|Roofing|Fasteners|Ceramics|Software|Marine|"
        "Instruments|Trading|Bakery|Scaffolding|Optics|Legal"
    ),
    "de": words(
        "Logistik|Maschinenbau|Gebäudetechnik|Lebensmittel|Elektro|Druckerei|Werkzeugbau|Getränke|"
        "Metallbau|Medizintechnik|Holzverarbeitung|Software|Spedition|Küchen|Anlagenbau|"
        "Möbelwerke|Textil|Kälte- und Klimatechnik|Verlag|Optik|Büroservice|Verpackungen|"
        "Baustoffe|Prüftechnik"
    ),
}
_FORMS = {
    "us": ("Inc.", "LLC", "Corp.", "Co.", "Ltd.", "LP"),
    "uk": ("Ltd", "Limited", "plc", "LLP", "& Co Ltd", "Group Ltd"),
    "de": ("GmbH", "GmbH & Co. KG", "AG", "UG (haftungsbeschränkt)", "e.K.", "OHG", "KG"),
}
_APART = {
    "us": ("of Ohio", "West", "International", "Services", "Holdings", "2"),
    "uk": ("(North)", "Services", "UK", "Holdings", "& Sons", "International"),
    "de": ("Süd", "Service", "Nord", "Verwaltung", "International", "Vertrieb"),
}
_SHORT = {
    "International": "Intl",
    "Services": "Svcs",
    "Logistics": "Lgstcs",
    "Distribution": "Dist",
    "Construction": "Constr",
    "Engineering": "Eng",
    "Maschinenbau": "Masch.bau",
    "Medizintechnik": "Med.technik",
    "Holdings": "Hldgs",
    "Electrical": "Elec",
}
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "AE", "Ö": "OE", "Ü": "UE"})
_BARE = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss", "Ä": "A", "Ö": "O", "Ü": "U"})
PEOPLE = words(
    "J MARTIN|S KOWALSKI|A PETERSEN|M OKAFOR|L FISCHER|R HUGHES|T NGUYEN|P ROSSI|C DUBOIS|E LINDQVIST|H YAMADA|D NOVAK"
)


def company_names(rng: Random, country: str, count: int) -> list[str]:
    """So many different company names; about one in twelve is hard to tell from another of them."""
    first, trade, forms = _FIRST[country], _TRADE[country], _FORMS[country]
    found: dict[str, tuple[str, str]] = {}
    while len(found) < count:
        if found and rng.random() < 0.08:
            stem, form = rng.choice(list(found.values()))
            stem = f"{stem} {rng.choice(_APART[country])}" if rng.random() < 0.7 else stem
            form = rng.choice(forms)
        else:
            second = f" {rng.choice(first)}" if rng.random() < (0.15 if count < 500 else 0.6) else ""
            stem, form = f"{rng.choice(first)}{second} {rng.choice(trade)}", rng.choice(forms)
        found.setdefault(f"{stem} {form}", (stem, form))
    return list(found)


def printed_name(rng: Random, name: str, country: str, missing_share: float = 0.06) -> str:
    """A company's name as a bank prints it on a line; empty where the bank does not say it."""
    if rng.random() < missing_share:
        return ""
    if rng.random() < 0.35:
        for form in sorted(_FORMS[country], key=len, reverse=True):
            if name.endswith(f" {form}"):
                name = name.removesuffix(f" {form}")
                break
    if rng.random() < 0.08:
        for long, short in _SHORT.items():
            name = name.replace(long, short)
    if country == "de":
        how = rng.random()
        name = name.translate(_UMLAUTS) if how < 0.5 else name.translate(_BARE) if how < 0.6 else name
    if rng.random() < 0.7:
        name = name.upper()
    if rng.random() < 0.3:
        name = name.replace(".", "").replace(",", "")
    return name[: rng.choice((18, 27, 35))].rstrip() if rng.random() < 0.15 else name
