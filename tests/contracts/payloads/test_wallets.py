"""The family of wallets: each address is what its kind says, by readers that are written here from the standards."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator

import pytest
from Crypto.Hash import keccak

from specimen import specs
from specimen.contracts.payloads import Case
from specimen.contracts.payloads.families import wallets
from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER
from tests.contracts.payloads.catalogues import catalogue

NAMES = specs.names()
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_CONSTANTS = {1: "bech32", 0x2BC830A3: "bech32m"}  # BIP-173 and BIP-350


def everything() -> Iterator[Case]:
    """The cases of this family."""
    for name in NAMES:
        yield from (case for case in catalogue(name).cases if case.kind.startswith("wallets."))


def values(kind: str) -> set[str]:
    """The texts of one kind of this family."""
    found = {case.value for case in everything() if case.kind == f"wallets.{kind}"}
    assert found
    return found


def cased(address: str, salt: str = "") -> str:
    """An address with its letters cased by EIP-55; with a chain's id before it by EIP-1191."""
    bare = address[2:].lower()
    digest = keccak.new(digest_bits=256, data=f"{salt}{bare}".encode()).hexdigest()
    return "0x" + "".join(letter.upper() if int(noise, 16) >= 8 else letter for letter, noise in zip(bare, digest, strict=False))


def base58(text: str) -> bytes:
    """The bytes of a base58 text."""
    number = 0
    for letter in text:
        number = number * 58 + _BASE58.index(letter)
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def holds_base58check(text: str) -> bool:
    """Whether the last four bytes are the double SHA-256 of the others."""
    data = base58(text)
    return hashlib.sha256(hashlib.sha256(data[:-4]).digest()).digest()[:4] == data[-4:]


def bech32(text: str) -> str | None:
    """Which checksum a bech32 text has, or None. Source: BIP-173, Checksum; BIP-350."""
    if text not in (text.lower(), text.upper()):
        return None
    prefix, _, data = text.lower().rpartition("1")
    if not prefix or len(data) < 6 or any(letter not in _BECH32 for letter in data):
        return None
    check = 1
    spread = [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]
    for value in spread + [_BECH32.index(letter) for letter in data]:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for index, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> index & 1 else 0
    return _BECH32_CONSTANTS.get(check)


@pytest.mark.parametrize(
    "vector",
    [
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x27b1fdb04752bbc536007a920d24acb045561c26",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ],
)
def test_reader__vectors_of_eip_55(vector: str) -> None:
    """The test cases of the EIP have the checksum that this module computes."""
    assert cased(vector) == vector


@pytest.mark.parametrize(
    ("vector", "kind"),
    [
        ("A12UEL5L", "bech32"),
        ("a12uel5l", "bech32"),
        ("an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs", "bech32"),
        ("abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", "bech32"),
        ("split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w", "bech32"),
        ("A1LQFN3A", "bech32m"),
        ("a1lqfn3a", "bech32m"),
        ("x1b4n0q5v", None),
        ("1pzry9x0s0muk", None),
        ("pzry9x0s0muk", None),
        ("li1dgmt3", None),
        ("A1G7SGD8", None),
        ("10a06t8", None),
        ("1qzzfhee", None),
    ],
)
def test_reader__vectors_of_bip_173(vector: str, kind: str | None) -> None:
    """Valid and invalid texts of BIP-173, and two of BIP-350, are told apart by this module."""
    assert bech32(vector) == kind


def test_kinds__each_is_somewhere() -> None:
    """No kind is dead, and none has the id of another."""
    assert {case.kind for case in everything()} == {kind.id for kind in wallets.KINDS}
    assert len({kind.id for kind in wallets.KINDS}) == len(wallets.KINDS)


@pytest.mark.parametrize("name", NAMES)
def test_cases__nothing_is_left_out(name: str) -> None:
    """Every kind that a field takes makes a case there; where one wallet was asked about, another is no valid answer."""
    left = [entry.id for entry in catalogue(name).left_out if ":wallets." in entry.id]
    assert all(":wallets.0.address:" in entry or ":address:" in entry for entry in left)
    assert all(entry.startswith("predicate.verifyWallet.response:") for entry in left)


def test_eip_55__right_wrong_and_without() -> None:
    """The right ones hold, the wrong ones differ from a right one in one letter's case or in a digit."""
    for kind in ("eip55_right", "eip55_capitals_are_right"):
        assert all(cased(value) == value for value in values(kind))
    for value in values("eip55_wrong"):
        assert sum(one != other for one, other in zip(value, cased(value), strict=True)) == 1
    for kind in ("eip55_digit_changed", "all_lower", "all_capitals", "eip1191"):
        assert all(cased(value) != value for value in values(kind))
    assert all(value[2:] == value[2:].upper() == cased(value)[2:] for value in values("eip55_capitals_are_right"))
    assert all(cased(value, "300x") == value for value in values("eip1191"))


def test_eip_55__a_right_one_is_valid_a_wrong_one_is_either() -> None:
    """No page says that anybody looks at the checksum."""
    verdicts = {(case.kind, case.verdict) for case in everything()}
    assert {("wallets.eip55_right", ACCEPT), ("wallets.all_lower", ACCEPT), ("wallets.eip55_wrong", EITHER)} <= verdicts


def test_hexadecimal__lengths_and_prefixes() -> None:
    """One digit less or more, and the prefix as it should not be."""
    assert {len(value) for value in values("39_digits")} == {41}
    assert {len(value) for value in values("41_digits")} == {43}
    assert {len(value) for value in values("64_digits")} == {66}
    assert all(int(value, 16) >= 0 and value.startswith("0X") for value in values("prefix_0X"))
    assert {len(value) for value in values("no_prefix")} == {40}
    assert {int(value, 16) for value in values("zero_address")} == {0}
    assert {int(value, 16) for value in values("precompile")} == {1}


def test_solana__valid_and_one_character_off() -> None:
    """32 bytes; another 32 bytes; 31; and the four characters that base58 leaves out."""
    assert {len(base58(value)) for value in values("solana")} == {32}
    assert {len(base58(value)) for value in values("solana_one_character_off")} == {32}
    assert {len(base58(value)) for value in values("solana_31_bytes")} == {31}
    right = values("solana").pop()
    for kind, letter in (("zero", "0"), ("capital_o", "O"), ("capital_i", "I"), ("small_l", "l")):
        for value in values(f"solana_{kind}"):
            assert [one for one, other in zip(value, right, strict=True) if one != other] == [letter]
            with pytest.raises(ValueError, match="substring not found"):
                base58(value)


def test_bitcoin__checksums() -> None:
    """Bech32 in one case only, bech32m for Taproot, base58check."""
    kinds = {
        "bech32": "bech32", "bech32_capitals": "bech32", "bech32_testnet": "bech32", "bech32m": "bech32m",
        "bech32_mixed_case": None, "bech32_wrong_checksum": None, "bech32_for_bech32m": "bech32",
    }  # fmt: skip
    assert {kind: {bech32(value) for value in values(kind)} for kind in kinds} == {kind: {one} for kind, one in kinds.items()}
    assert all(bech32(value.lower()) == "bech32" for value in values("bech32_mixed_case"))
    assert all(value.startswith("bc1p") for value in values("bech32_for_bech32m"))
    assert all(holds_base58check(value) for kind in ("base58check", "tron") for value in values(kind))
    assert not any(holds_base58check(value) for value in values("base58check_wrong_checksum"))
    assert {base58(value)[0] for value in values("base58check")} == {0x00}
    assert {base58(value)[0] for value in values("tron")} == {0x41}


def test_names__icap_and_ens() -> None:
    """ICAP has the check digits of an IBAN; the other name has a Cyrillic letter."""
    for value in values("icap"):
        assert int("".join(str(int(letter, 36)) for letter in value[4:] + value[:4])) % 97 == 1
    assert {name.isascii() for name in values("ens_name")} == {True}
    for kind in ("ens_homoglyph", "homoglyph", "chain_homoglyph"):
        for value in values(kind):
            assert [unicodedata.name(letter).split()[0] for letter in value if not letter.isascii()] == ["CYRILLIC"]
