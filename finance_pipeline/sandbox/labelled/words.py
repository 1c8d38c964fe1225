"""Word lists of names: syllables and trades by language, legal forms, given names. Every company is made up of them."""

from __future__ import annotations


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


HEADS = {
    "en": words(
        "Ash|Bram|Cal|Dun|Elm|Fair|Green|Hart|Iron|Kings|Lang|Mar|North|Oak|Pen|Quar|Red|Sil|Thorn|Up|Wel|West|Whit|"
        "Wood|York|Black|Bright|Clear|Cop|Had|Hol|Lake|Mill|Nor|Stan|Stone|Sum|Sun|Ten|Wake"
    ),
    "de": words(
        "Alt|Berg|Birk|Bruck|Dorn|Eich|Eis|Falk|Fürst|Gold|Grün|Hass|Hirsch|Hoch|Jäg|Kalt|König|Krüg|Lang|Licht|Löw|"
        "Mühl|Neu|Nord|Ober|Röm|Rot|Schäf|Schön|Schwarz|Silber|Stein|Süd|Tann|Vogel|Wald|Weiß|West|Wolf|Ziegl"
    ),
    "fr": words(
        "Beau|Belle|Bois|Cham|Champ|Château|Clair|Côte|Cour|Du|Fon|Gar|Haute|La|Lan|Mar|Mer|Mon|Neuf|Or|Pré|Pont|Ré|"
        "Roche|Saint-|Sau|Ser|Tour|Val|Ver|Vieux|Ville|Mé|Bé|Lé|Dé|Per|Tré|Gé|Au"
    ),
    "nl": words(
        "Aal|Berg|Bos|Brand|Broek|Dijk|Dam|Eik|Gelder|Goud|Groen|Haag|Heu|Hof|Kamp|Klein|Koe|Kraai|Lind|Meer|Middel|"
        "Noord|Oost|Oude|Rijn|Rood|Schip|Slot|Spoor|Ter|Tul|Vecht|Veld|Ven|Vis|Water|West|Wijn|Zand|Zuid"
    ),
    "sv": words(
        "Alm|Ask|Berg|Björk|Blom|Dal|Ek|Fager|Fors|Gran|Grön|Hag|Hed|Holm|Häst|Kron|Lager|Lind|Lund|Lång|Malm|Mo|Nor|"
        "Ny|Näs|Ros|Sand|Sjö|Skog|Sol|Stor|Ström|Sund|Sö|Tall|Väst|Ång|Åker|Älv|Ö"
    ),
    "no": words(
        "Aas|Bakke|Berg|Bjørk|Bre|Dal|Eide|Elve|Fjell|Foss|Gran|Grøn|Hag|Haug|Hav|Holm|Is|Lang|Lunde|Lyng|Mo|Myr|Nes|"
        "Nord|Rød|Sand|Sjø|Skog|Sol|Stor|Strand|Sund|Sør|Tin|Torp|Vest|Vik|Ås|Øde|Øst"
    ),
    "jp": words(
        "Aki|Asa|Chi|Fuji|Fuku|Hana|Hashi|Hayashi|Hiro|Ishi|Iwa|Kane|Kawa|Kita|Kiyo|Kura|Maru|Matsu|Mina|Mori|Naga|"
        "Naka|Nishi|No|Oka|Oku|Saka|Sato|Shima|Suzu|Taka|Take|Tani|Toku|Tomo|Ue|Yama|Yoko|Yoshi|Yuki"
    ),
}
TAILS = {
    "en": words("bridge|bury|by|combe|dale|den|field|ford|gate|ham|hurst|land|ley|line|more|port|ridge|stead|ton|well"),
    "de": words("ach|au|bach|berg|brück|burg|dorf|er|feld|hagen|hain|hof|kamp|mann|müller|reuth|see|stedt|tal|werth"),
    "fr": words("bert|court|dré|fort|gny|lac|lier|lieu|mont|nard|nay|pierre|rac|ral|rand|sac|tal|vaux|vert|ville"),
    "nl": words(
        "aert|berg|broek|burg|dam|dijk|donk|haven|hoven|huis|kerk|laan|man|markt|meer|rade|stra|veld|wijk|zicht"
    ),
    "sv": words("berg|blad|by|dahl|fors|gren|hed|holm|kvist|löf|mark|näs|qvist|stam|strand|ström|torp|vall|vik|ås"),
    "no": words("bakk|berg|bø|dal|eng|foss|gård|haug|heim|land|lien|lund|moen|nes|rud|set|stad|vik|voll|ås"),
    "jp": words("be|da|gawa|guchi|hara|hashi|ka|kawa|ki|ma|moto|mura|naka|no|saki|shi|shita|ta|uchi|ya"),
}
TRADES = {
    "en": words(
        "Supply|Logistics|Medical|Foods|Systems|Construction|Analytics|Energy|Packaging|Dental|Freight|Labs|Hardware|"
        "Consulting|Security|Textiles|Printing|Motors|Farms|Robotics|Software|Optics|Joinery|Catering|Marine"
    ),
    "de": words(
        "Logistik|Maschinenbau|Gebäudetechnik|Lebensmittel|Elektro|Druckerei|Werkzeugbau|Getränke|Metallbau|"
        "Medizintechnik|Software|Spedition|Küchen|Anlagenbau|Möbelwerke|Textil|Kältetechnik|Verlag|Optik|Baustoffe"
    ),
    "fr": words(
        "Logistique|Bâtiment|Énergie|Boulangerie|Transports|Conseil|Électricité|Imprimerie|Menuiserie|Plomberie|"
        "Services|Textiles|Santé|Distribution|Peinture|Cuisines|Édition|Mécanique|Optique|Vins"
    ),
    "nl": words(
        "Logistiek|Bouw|Techniek|Transport|Advies|Installaties|Drukkerij|Horeca|Groothandel|Schilderwerken|Software|"
        "Verpakkingen|Bloemen|Voeding|Beveiliging|Tandtechniek|Metaal|Textiel|Meubelen|Energie"
    ),
    "sv": words(
        "Bygg|Åkeri|El|Data|Konsult|Fastigheter|Livsmedel|Maskin|Måleri|Plåt|Snickeri|Städ|Teknik|Tryckeri|VVS|Energi|"
        "Förpackning|Trädgård|Möbler|Handel"
    ),
    "no": words(
        "Bygg|Transport|Elektro|Data|Rådgivning|Eiendom|Mat|Maskin|Maling|Mekaniske|Snekkeri|Renhold|Teknikk|Trykkeri|"
        "Rør|Energi|Emballasje|Hagesenter|Møbler|Fisk"
    ),
    "jp": words(
        "Denki|Kensetsu|Shoji|Unyu|Kogyo|Seisakusho|Shokuhin|Insatsu|Kagaku|Seimitsu|Butsuryu|Sangyo|Kikai|Yakuhin|"
        "Sekkei|Gakki|Shuzo|Suisan|Mokuzai|Joho"
    ),
}
FORMS = {
    "en": words("Ltd|Limited|Inc.|LLC|Corp.|plc|LLP|Co.|Group Ltd"),
    "de": words("GmbH|GmbH & Co. KG|AG|UG (haftungsbeschränkt)|e.K.|OHG|KG|GbR"),
    "fr": words("SARL|SAS|SA|EURL|SCI|SNC"),
    "nl": words("B.V.|N.V.|V.O.F.|Holding B.V."),
    "sv": words("AB|HB|KB|AB (publ)"),
    "no": words("AS|ASA|ANS|DA"),
    "jp": words("K.K.|Co., Ltd.|G.K.|Inc."),
}
KIN = words("International|Services|Nord|Süd|West|Holding|2|Group|Trading|Europe|Service|Development")
"""What tells a company from its sister."""
GIVEN = {
    "en": words("James|Mary|Oliver|Emily|Thomas|Grace|Henry|Alice|Jack|Ruth|Peter|Laura"),
    "de": words("Jürgen|Käthe|Hans|Ursula|Björn|Anneliese|Günter|Sabine|Uwe|Heike|Jörg|Renate"),
    "fr": words("René|Hélène|François|Chloé|Michel|Aurélie|Jérôme|Sylvie|Benoît|Élodie|Luc|Inès"),
    "nl": words("Jan|Marijke|Pieter|Anouk|Daan|Sanne|Bram|Femke|Joost|Lotte|Sjoerd|Tess"),
    "sv": words("Åke|Märta|Göran|Elsa|Björn|Astrid|Nils|Karin|Örjan|Sara|Lars|Ebba"),
    "no": words("Bjørn|Åse|Øyvind|Ingrid|Kåre|Solveig|Lars|Marit|Håkon|Sigrid|Ole|Tone"),
    "jp": words("Haruto|Yui|Kenji|Aiko|Takumi|Sakura|Hiroshi|Emi|Kaito|Rin|Satoshi|Mei"),
}
PROCESSORS = ("Stripe", "Adyen", "PayPal", "Worldpay", "Nexi", "SumUp", "Klarna", "Mollie")
