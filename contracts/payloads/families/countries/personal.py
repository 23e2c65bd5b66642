"""National numbers with check digits: a valid one and an invalid one of each scheme.

All are synthetic: birth dates and serial numbers at the end of their range, the issuers' own specimens, or ranges that are
reserved for tests. No vendor's rule checks these digits: a wrong one is for the caller to find.
"""

from __future__ import annotations

from typing import NamedTuple

from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER, REJECT, Kind, kind


class Scheme(NamedTuple):
    """A national number.

    `slug` names its kinds, `name` stands in their rationales; `right` has a valid check digit, `wrong` an invalid one.
    """

    slug: str
    name: str
    right: str
    wrong: str
    source: str


SCHEMES = (
    Scheme("argentina_cuil", "Argentina's CUIL", "20-99999999-9", "20-99999999-8", "AFIP, CUIT and CUIL; modulo 11"),
    Scheme("austria_svnr", "Austria's insurance number", "9992010180", "9993010180", "Dachverband der Sozialversicherungsträger"),
    Scheme("belgium_register", "Belgium's register number", "85.01.01-997.86", "85.01.01-997.87", "National register; modulo 97"),
    Scheme("brazil_cpf", "Brazil's CPF", "012.345.678-90", "012.345.678-91", "Receita Federal, CPF; modulo 11 twice"),
    Scheme("bulgaria_egn", "Bulgaria's EGN", "8501019997", "8501019998", "GRAO, EGN; modulo 11"),
    Scheme("canada_sin", "Canada's SIN", "046 454 286", "046 454 287", "Service Canada, SIN; ISO/IEC 7812-1, annex B"),
    Scheme("chile_rut", "Chile's RUN", "99.999.999-9", "99.999.999-8", "Registro Civil, RUN; modulo 11"),
    Scheme("china_resident_id", "China's resident number", "11010519491231002X", "110105194912310021",
           "GB 11643-1999; ISO/IEC 7064"),
    Scheme("colombia_nit", "Colombia's NIT", "999999999-4", "999999999-5", "DIAN, NIT; modulo 11"),
    Scheme("croatia_oib", "Croatia's OIB", "99999999994", "99999999995", "OIB; ISO/IEC 7064, MOD 11,10"),
    Scheme("czechia_birth_number", "Czechia's birth number", "850101/9990", "850101/9991", "Act 133/2000 Coll.; modulo 11"),
    Scheme("dominican_republic_cedula", "the Dominican cédula", "402-9999999-1", "402-9999999-2",
           "Junta Central Electoral; Luhn"),
    Scheme("ecuador_cedula", "Ecuador's cédula", "1700000001", "1700000002", "Registro Civil; modulo 10"),
    Scheme("egypt_national_number", "Egypt's national number", "28501010199993", "28501010199994", "Civil Status; modulo 11"),
    Scheme("estonia_isikukood", "Estonia's isikukood", "38001085718", "38001085719", "EVS 585; SK's specimen"),
    Scheme("finland_hetu", "Finland's henkilötunnus", "010185-999L", "010185-999M", "DVV; 900 to 999 are for tests; modulo 31"),
    Scheme("france_nir", "France's NIR", "185017599999955", "185017599999956", "INSEE, NIR; 97 less the remainder"),
    Scheme("germany_tax_id", "Germany's tax number", "86095742719", "86095742710",
           "Abgabenordnung § 139b; ISO/IEC 7064, MOD 11,10"),
    Scheme("greece_amka", "Greece's AMKA", "01018599991", "01018599992", "IDIKA, AMKA; Luhn"),
    Scheme("guatemala_nit", "Guatemala's NIT", "9999999-4", "9999999-5", "SAT, NIT; modulo 11"),
    Scheme("hong_kong_hkid", "Hong Kong's card number", "A123456(3)", "A123456(4)",
           "Immigration Department, specimen; modulo 11"),
    Scheme("iceland_kennitala", "Iceland's kennitala", "010185-9989", "010185-9979", "Registers Iceland; modulo 11"),
    Scheme("india_aadhaar", "India's Aadhaar", "9999 4105 7058", "9999 4105 7059", "UIDAI, a number for tests; Verhoeff"),
    Scheme("ireland_pps", "Ireland's PPS number", "9999999P", "9999999Q", "Department of Social Protection; modulo 23"),
    Scheme("israel_identity_number", "Israel's identity number", "000000018", "000000019", "Population Authority; Luhn"),
    Scheme("italy_codice_fiscale", "Italy's codice fiscale", "RSSMRA85T10A562S", "RSSMRA85T10A562T",
           "Decree of 23 December 1976"),
    Scheme("japan_my_number", "Japan's My Number", "999999999996", "999999999997", "My Number Act, ministerial order; modulo 11"),
    Scheme("korea_rrn", "Korea's registration number", "850101-1959993", "850101-1959994",
           "Resident Registration Act; modulo 11"),
    Scheme("latvia_personas_kods", "Latvia's personas kods", "010185-19990", "010185-19991", "PMLP, personas kods; modulo 11"),
    Scheme("lithuania_asmens_kodas", "Lithuania's asmens kodas", "38501019994", "38501019995",
           "Registrų centras; modulo 11 twice"),
    Scheme("mauritius_nid", "Mauritius's identity number", "Z0101859999990", "Z0101859999991",
           "Civil Status Division; modulo 17"),
    Scheme("mexico_curp", "Mexico's CURP", "XEXX850101HNEXXXA0", "XEXX850101HNEXXXA1", "RENAPO, CURP; modulo 10"),
    Scheme("moldova_idnp", "Moldova's IDNP", "2000000000004", "2000000000005", "Public Services Agency; weights 7, 3, 1"),
    Scheme("netherlands_bsn", "the Dutch BSN", "999999990", "999999991", "RvIG, numbers for tests; modulo 11"),
    Scheme("norway_fodselsnummer", "Norway's fødselsnummer", "01018599941", "01018599942", "Skatteetaten; modulo 11 twice"),
    Scheme("poland_pesel", "Poland's PESEL", "85010199995", "85010199996", "Act on population registration; weights 1, 3, 7, 9"),
    Scheme("portugal_nif", "Portugal's NIF", "299999998", "299999999", "Autoridade Tributária, NIF; modulo 11"),
    Scheme("romania_cnp", "Romania's CNP", "1850101529995", "1850101529996", "DEPABD, CNP; modulo 11"),
    Scheme("russia_snils", "Russia's SNILS", "112-233-445 95", "112-233-445 96", "Pension Fund, specimen; modulo 101"),
    Scheme("serbia_jmbg", "the JMBG of Serbia", "0101985719994", "0101985719995", "Law on the JMBG; modulo 11"),
    Scheme("singapore_nric", "Singapore's NRIC", "S1234567D", "S1234567E", "ICA, NRIC; modulo 11"),
    Scheme("slovakia_birth_number", "Slovakia's birth number", "855101/9983", "855101/9984", "Act 301/1995; modulo 11"),
    Scheme("slovenia_emso", "Slovenia's EMŠO", "0101985509990", "0101985509991", "Central population register; modulo 11"),
    Scheme("south_africa_id", "South Africa's identity number", "8501019999084", "8501019999085", "Home Affairs; Luhn"),
    Scheme("spain_dni", "Spain's DNI", "99999999R", "99999999T", "Dirección General de la Policía, specimen; modulo 23"),
    Scheme("spain_nie", "Spain's NIE", "X9999999J", "X9999999K", "Dirección General de la Policía; modulo 23"),
    Scheme("sweden_personnummer", "Sweden's personnummer", "850101-9981", "850101-9982", "Skatteverket, SKV 704; Luhn"),
    Scheme("switzerland_ahv", "Switzerland's AHV number", "756.1234.5678.97", "756.1234.5678.98", "ZAS, specimen; EAN-13"),
    Scheme("thailand_identity_number", "Thailand's identity number", "8-9999-99999-99-6", "8-9999-99999-99-7", "DOPA; modulo 11"),
    Scheme("turkiye_tckn", "Türkiye's TCKN", "99999999990", "99999999992", "NVİ, T.C. kimlik numarası; modulo 10 twice"),
    Scheme("ukraine_unzr", "Ukraine's UNZR", "19850101-99999", "19850101-99990", "State Migration Service; weights 7, 3, 1"),
    Scheme("ukraine_rntrc", "Ukraine's tax number", "3105099992", "3105099993", "State Tax Service; modulo 11"),
    Scheme("united_arab_emirates_id", "the Emirates ID", "784-1985-9999999-6", "784-1985-9999999-7", "ICP, Emirates ID; Luhn"),
    Scheme("uruguay_rut", "Uruguay's RUT", "219999990016", "219999990017", "DGI, RUT; modulo 11"),
    Scheme("venezuela_rif", "Venezuela's RIF", "V-99999999-5", "V-99999999-6", "SENIAT, RIF; modulo 11"),
)  # fmt: skip
# Numbers that are on the card itself.
CARDS = (
    Scheme("belgium_card_number", "a Belgian card's number", "000-0000011-11", "000-0000011-12",
           "Belgian identity card; modulo 97"),
    Scheme("germany_card_number", "a German card's number with the zone's digit", "T220001293", "T220001294",
           "ICAO Doc 9303, part 3, section 4.9; the specimen of the Bundesdruckerei"),
    Scheme("poland_card_number", "a Polish card's number", "ZZC108201", "ZZC208201", "Polish identity card; weights 7, 3, 1"),
    Scheme("portugal_card_number", "a Portuguese card's number", "00000000 0 ZZ4", "00000000 0 ZZ5",
           "Cartão de Cidadão, specimen"),
)  # fmt: skip
# Valid numbers that fail the usual checks.
_EXCEPTIONS = (
    ("czechia_birth_number_nine_digits", "Birth numbers of before 1954 have no check digit.", "535101/990", "Act 133/2000 Coll."),
    ("denmark_cpr_without_modulus_11", "Denmark issues numbers that break modulo 11 since 2007.", "010185-9990", "CPR-kontoret"),
    ("finland_hetu_new_separator", "Since 2023 the sign for the century can be a letter such as U.", "010185U999L", "DVV (FI)"),
    ("italy_codice_fiscale_homocode", "Of two people with the same code one gets letters for digits.", "RSSMRA85T10A56NH",
     "Decree of 23 December 1976"),
    ("latvia_personas_kods_without_birth_date", "Since 2017 the number begins with 32 and has no birthday.", "329999-99995",
     "PMLP (LV)"),
    ("norway_d_number", "A foreigner's number has 40 added to the day.", "41018599935", "Skatteetaten, D-nummer"),
    ("sweden_coordination_number", "A foreigner's number has 60 added to the day.", "850161-9988", "Skatteverket, SKV 704"),
)  # fmt: skip
# Numbers that pass every check and are not assigned.
_UNASSIGNED = (
    ("brazil_cpf_repeated_digit", "Eleven equal digits pass both check digits, and the state refuses them.", "111.111.111-11",
     "Receita Federal, CPF"),
    ("united_states_ssn_impossible_area", "A number without a check digit, whose area 666 was never given out.", "666-12-3456",
     "Social Security Administration"),
)  # fmt: skip


def _pair(scheme: Scheme) -> tuple[tuple[Kind, str], tuple[Kind, str]]:
    right = kind(
        f"countries.{scheme.slug}_right_check_digit", f"In the form of {scheme.name}, and its check digit holds.", scheme.source,
        (ACCEPT, REJECT), ("check-digit", "national-number"),
    )  # fmt: skip
    wrong = kind(
        f"countries.{scheme.slug}_wrong_check_digit",
        f"In the form of {scheme.name}, but its check digit is wrong: misread, mistyped or invented.", scheme.source,
        (REJECT, EITHER), ("check-digit", "national-number"),
    )  # fmt: skip
    return (right, scheme.right), (wrong, scheme.wrong)


def _single(entry: tuple[str, str, str, str], claims: str | tuple[str, ...]) -> tuple[Kind, str]:
    slug, rationale, text, source = entry
    return kind(f"countries.{slug}", rationale, source, claims, ("check-digit", "national-number")), text


PEOPLE: tuple[tuple[Kind, str], ...] = (
    *(each for scheme in SCHEMES for each in _pair(scheme)),
    *(_single(entry, (ACCEPT, REJECT)) for entry in _EXCEPTIONS),
    *(_single(entry, (EITHER, REJECT)) for entry in _UNASSIGNED),
)
DOCUMENTS: tuple[tuple[Kind, str], ...] = tuple(each for scheme in CARDS for each in _pair(scheme))
KINDS = tuple(each for each, _ in (*PEOPLE, *DOCUMENTS))
