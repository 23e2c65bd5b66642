"""Wallet addresses and chains: checksums, addresses of other chains, names and other formats."""

from __future__ import annotations

from collections.abc import Iterator

from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER, REJECT, Edge, Kind, kind
from specimen.contracts.payloads.model.fields import PayloadField
from specimen.contracts.payloads.model.valid_payloads import Base
from specimen.fixtures.standards.wallets import checksum

_EIP55, _SOLANA, _BIP173, _BIP350 = "EIP-55", "Solana documentation, accounts: 32 bytes in base58", "BIP-173", "BIP-350"
_BASE58 = "Bitcoin, base58check"
# No page says which chains there are or that a checksum is looked at; an address that was asked for must come back.
_GOOD, _ODD = (ACCEPT, REJECT), (REJECT, EITHER)


def _wallet(name: str, rationale: str, source: str, *tags: str, claims: tuple[str, ...] = _ODD) -> Kind:
    return kind(f"wallets.{name}", rationale, source, claims, tags or ("address",))


EIP55_RIGHT = _wallet("eip55_right", "An address whose capitals are its checksum.", _EIP55, "checksum", claims=_GOOD)
EIP55_ALL_CAPITALS = _wallet(
    "eip55_capitals_are_right", "Of a few addresses the checksum is all capitals: lower-casing first is no test of it.", _EIP55,
    "checksum", "case", claims=_GOOD,
)  # fmt: skip
LOWER = _wallet("all_lower", "Small letters carry no checksum: valid, and the same account.", _EIP55, "checksum", "case",
                claims=_GOOD)  # fmt: skip
WRONG = _wallet("eip55_wrong", "One letter in the other case: the same account, or a typing error that a checksum finds.", _EIP55,
                "checksum", "case")  # fmt: skip
ANOTHER_DIGIT = _wallet("eip55_digit_changed", "One mistyped digit is another person's account, and only the capitals show it.",
                        _EIP55,
                        "checksum")  # fmt: skip
UPPER = _wallet("all_capitals", "Capitals without a checksum, as a form that capitalises sends them.", _EIP55, "checksum", "case")
EIP1191 = _wallet("eip1191", "Another chain mixes its number into the capitals: right there, wrong here.", "EIP-1191", "checksum")
UPPER_PREFIX = _wallet("prefix_0X", "The prefix in capitals is hexadecimal to a parser, and no address to a pattern.", _EIP55,
                       "case", "parser")  # fmt: skip
NO_PREFIX = _wallet("no_prefix", "The same 40 digits without 0x.", _EIP55, "parser")
SHORT = _wallet("39_digits", "One digit less: padded with a zero it is another account.", _EIP55, "boundary")
LONG = _wallet("41_digits", "One digit more: cut off it is the account.", _EIP55, "boundary")
NOT_HEX = _wallet("not_hexadecimal", "The letter g is no hexadecimal digit, and a length check does not see it.", _EIP55,
                  "boundary")  # fmt: skip
KEY = _wallet("64_digits", "A hash or a private key where the address belongs: it must not be logged.", "Ethereum Yellow Paper",
              "privacy")  # fmt: skip
SHORTENED = _wallet("shortened", "As wallets show it: copied from a page, the middle is lost.", _EIP55, "parser")
LEADING_ZEROS_LOST = _wallet("leading_zeros_lost", "An address is a text of fixed length; as a number it loses its zeros.",
                             _EIP55,
                             "parser")  # fmt: skip
ZERO = _wallet("zero_address", "No person is known to have its key, and an unset variable of Solidity holds it.",
               "Solidity, default values", "boundary")  # fmt: skip
DEAD = _wallet("dead_address", "Where tokens are sent to be burnt: no known key signs for it.",
               "Convention of token contracts", "boundary")  # fmt: skip
PRECOMPILE = _wallet("precompile", "Address 1 is a contract of the chain itself and signs nothing.",
                     "Ethereum Yellow Paper, precompiled contracts", "boundary")  # fmt: skip
ICAP = _wallet("icap", "An address dressed as an IBAN, with check digits of its own.", "Ethereum wiki, ICAP; ISO 13616",
               "address")  # fmt: skip
ENS = _wallet("ens_name", "A name for an address, which its owner can point elsewhere after the check.", "EIP-137", "name")
ENS_HOMOGLYPH = _wallet("ens_homoglyph", "The same name to the eye, with a Cyrillic letter: another owner's.", "ENSIP-15", "name",
                        "unicode")  # fmt: skip
URI = _wallet("eip681_uri", "What a QR code holds: scheme, address and chain.", "EIP-681", "parser")
CAIP10 = _wallet("caip10_account", "The address with its chain in front.", "CAIP-10", "parser")
HOMOGLYPH = _wallet("homoglyph", "A Cyrillic letter among the digits.", "Unicode Technical Standard #39, section 4", "unicode")
FULLWIDTH = _wallet("fullwidth_digits", "NFKC makes it an address after the check.", "Unicode Standard Annex #15, NFKC",
                    "unicode")  # fmt: skip
LEADING_SPACE = _wallet("leading_space", "Copied with the space before it.", _EIP55, "whitespace")
NEWLINE = _wallet("trailing_newline", "A pattern that ends in $ takes the address with its line end.", "Python, re, '$'",
                  "whitespace",
                  "parser")  # fmt: skip
ZERO_WIDTH = _wallet("zero_width_space", "Invisible, and no white space: a trim leaves it.",
                     "Unicode Standard, section 23.2, Layout Controls", "unicode", "whitespace")  # fmt: skip
SOLANA = _wallet("solana", "A valid address of another chain, without prefix or checksum.", _SOLANA, "base58")
SOLANA_OFF = _wallet("solana_one_character_off", "No checksum: one wrong letter is another account.", _SOLANA, "base58")
SOLANA_SHORT = _wallet("solana_31_bytes", "One byte less can look as long to a count of letters.", _SOLANA, "base58",
                       "boundary")  # fmt: skip
_OUTSIDE = tuple(
    (_wallet(f"solana_{name}", f"Base58 leaves out the {words}, because it is misread.", _SOLANA, "base58", "ocr"), letter)
    for name, words, letter in (
        ("zero", "digit 0", "0"),
        ("capital_o", "capital O", "O"),
        ("capital_i", "capital I", "I"),
        ("small_l", "small l", "l"),
    )
)
BECH32 = _wallet("bech32", "A valid address of Bitcoin.", _BIP173, "bech32")
BECH32_CAPITALS = _wallet("bech32_capitals", "In capitals it makes a smaller QR code, and is valid.", _BIP173, "bech32", "case")
BECH32_MIXED = _wallet("bech32_mixed_case", "Capitals or small letters, never both.", _BIP173, "bech32", "case")
BECH32_WRONG = _wallet("bech32_wrong_checksum", "One letter changed, which the code is made to find.", _BIP173, "bech32",
                       "checksum")  # fmt: skip
BECH32M = _wallet("bech32m", "Since Taproot there is a second checksum.", _BIP350, "bech32")
BECH32_FOR_M = _wallet("bech32_for_bech32m", "A Taproot address with the checksum of before it.", _BIP350, "bech32", "checksum")
BECH32_TEST = _wallet("bech32_testnet", "An address of the test network proves nothing on the real one.", _BIP173, "bech32")
BASE58CHECK = _wallet("base58check", "A valid address of the first kind.", _BASE58, "base58")
BASE58CHECK_WRONG = _wallet("base58check_wrong_checksum", "Its last letter changed.", _BASE58, "base58", "checksum")
TRON = _wallet("tron", "Base58 with a checksum, of a chain whose addresses are Ethereum's inside.",
               "Tron documentation, addresses", "base58")  # fmt: skip
EMPTY = _wallet("empty", "No address at all: a look-up by it may find the first that has none.",
                "JSON Schema 2020-12, minLength", "boundary")  # fmt: skip

# Published test vectors of EIP-55 and BIP-173, BIP-350; digests of the word specimen; a name too short to be sold.
_VECTOR = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
_SOLANA_ADDRESS = "4Ks1tuiYmVTRp7wc4KLP74F3eXshVVymjjpLvRbD6fNT"
_BECH32_ADDRESS = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
_TAPROOT = "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v"
_BASE58_ADDRESS = "17LVywBGxZbdF3KxNNJUFuZoWDTZtF3N27"
_OTHER_CHAINS = (
    (ICAP, "XE7338O073KYGTWWZN0F2WZ0R8PX5ZPPZS"),
    (ENS, "qa.eth"),
    (ENS_HOMOGLYPH, "qа.eth"),
    (SOLANA, _SOLANA_ADDRESS),
    (SOLANA_OFF, _SOLANA_ADDRESS[:20] + "G" + _SOLANA_ADDRESS[21:]),
    (SOLANA_SHORT, "FzXJabk1JoWeFDjVWiWCPMBnQv7d8iVZ6n25VLvWjX"),
    *((each, _SOLANA_ADDRESS[:20] + letter + _SOLANA_ADDRESS[21:]) for each, letter in _OUTSIDE),
    (BECH32, _BECH32_ADDRESS),
    (BECH32_CAPITALS, _BECH32_ADDRESS.upper()),
    (BECH32_MIXED, "bc1" + _BECH32_ADDRESS[3:].upper()),
    (BECH32_WRONG, _BECH32_ADDRESS[:-1] + "5"),
    (BECH32M, f"{_TAPROOT}qzk5jj0"),
    (BECH32_FOR_M, f"{_TAPROOT}qh2y7hd"),
    (BECH32_TEST, "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"),
    (BASE58CHECK, _BASE58_ADDRESS),
    (BASE58CHECK_WRONG, _BASE58_ADDRESS[:-1] + "8"),
    (TRON, "TGd1pan695U3r7EZjGPovWQN2T2F7XqYDU"),
)


def _chain(name: str, rationale: str, source: str, *tags: str) -> Kind:
    return kind(f"wallets.chain_{name}", rationale, source, _ODD, ("chain", *tags))


_CHAINS = (
    (_chain("unknown", "An unknown chain: a look-up of its rules finds none.", "CAIP-2"), "specimenchain"),
    (_chain("id", "The number of the chain, as wallets know it, for its name.", "EIP-155, list of chain ids", "parser"), "1"),
    (_chain("id_hexadecimal", "The number as wallets answer it.", "EIP-695, eth_chainId", "parser"), "0x1"),
    (_chain("caip2", "Namespace and number, as libraries for many chains write it.", "CAIP-2", "parser"), "eip155:1"),
    (_chain("symbol", "The coin's sign, which several chains share.", "SLIP-44, symbols"), "ETH"),
    (_chain("testnet", "A test network, whose coins are free.", "ethereum-lists/chains, eip155-11155111"), "sepolia"),
    (_chain("does_not_fit", "Bitcoin has no address that begins with 0x.", _BIP173, "address"), "bitcoin"),
    (_chain("does_not_fit_solana", "Solana's addresses are base58, where a 0 never stands.", _SOLANA, "address"), "solana"),
    (_chain("homoglyph", "The Cyrillic е makes it another name.", "Unicode Technical Standard #39, section 4", "unicode"),
     "еthereum"),
    (_chain("empty", "An address without its chain is of all chains or of none.", "CAIP-2", "boundary"), ""),
)  # fmt: skip
CHAIN_CAPITALS = _chain("capitals", "The name as a heading writes it.", "CAIP-2", "case")
CHAIN_CAPITALISED = _chain("capitalised", "The name as a sentence writes it.", "CAIP-2", "case")
CHAIN_SPACE = _chain("trailing_space", "The name, not trimmed.", "CAIP-2", "whitespace")

KINDS = (
    EIP55_RIGHT, EIP55_ALL_CAPITALS, LOWER, WRONG, ANOTHER_DIGIT, UPPER, EIP1191, UPPER_PREFIX, NO_PREFIX, SHORT, LONG, NOT_HEX,
    KEY, SHORTENED, LEADING_ZEROS_LOST, ZERO, DEAD, PRECOMPILE, URI, CAIP10, HOMOGLYPH, FULLWIDTH, LEADING_SPACE, NEWLINE,
    ZERO_WIDTH, EMPTY, *(each for each, _ in (*_OTHER_CHAINS, *_CHAINS)), CHAIN_CAPITALS, CHAIN_CAPITALISED, CHAIN_SPACE,
)  # fmt: skip


def edges(place: PayloadField, _: Base) -> Iterator[Edge]:
    """Yields the kinds for an address and for the name of a chain."""
    if "string" not in place.types or place.holds not in ("wallet", "chain"):
        return
    value = place.value if isinstance(place.value, str) else ""
    for each, text in chains(value) if place.holds == "chain" else addresses(value):
        if text != value:
            yield Edge(each, text)


def chains(value: str) -> Iterator[tuple[Kind, str]]:
    """Yields the kinds of a field for a chain's name, each with its text."""
    own = value or "ethereum"
    yield from _CHAINS
    yield CHAIN_CAPITALS, own.upper()
    yield CHAIN_CAPITALISED, own.capitalize()
    yield CHAIN_SPACE, f"{own} "


def addresses(value: str) -> Iterator[tuple[Kind, str]]:
    """Yields the kinds of an address, each with its text; those that respell the field's own address begin with it."""
    own = _with_letters(value)
    digits = own[2:]
    yield EIP55_RIGHT, own if own != value else _VECTOR
    yield EIP55_ALL_CAPITALS, "0x52908400098527886E0F7030069857D2E4169EE7"
    yield LOWER, own.lower()
    first = next(index for index, letter in enumerate(own) if index > 1 and letter.isalpha())
    yield WRONG, own[:first] + own[first].swapcase() + own[first + 1 :]
    yield ANOTHER_DIGIT, _mistyped(own)
    yield UPPER, f"0x{digits.upper()}"
    yield EIP1191, "0x5aaEB6053f3e94c9b9a09f33669435E7ef1bEAeD"
    yield UPPER_PREFIX, f"0X{digits}"
    yield NO_PREFIX, digits
    yield SHORT, own[:-1]
    yield LONG, f"{own}0"
    yield NOT_HEX, f"{own[:-1]}g"
    yield KEY, f"0x{'0123456789abcdef' * 4}"
    yield SHORTENED, f"{own[:6]}…{own[-4:]}"
    yield LEADING_ZEROS_LOST, "0xa11ce"
    yield ZERO, f"0x{'0' * 40}"
    yield DEAD, "0x000000000000000000000000000000000000dEaD"
    yield PRECOMPILE, f"0x{'0' * 39}1"
    yield from _OTHER_CHAINS
    yield URI, f"ethereum:{own}@1"
    yield CAIP10, f"eip155:1:{own}"
    yield HOMOGLYPH, f"{own[:first]}а{own[first + 1 :]}"
    yield FULLWIDTH, own.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    yield LEADING_SPACE, f" {own}"
    yield NEWLINE, f"{own}\n"
    yield ZERO_WIDTH, f"{own}\u200b"
    yield EMPTY, ""


def _with_letters(value: str) -> str:
    """The field's own address with its checksum; the vector of EIP-55 where it is none, or has too few letters to respell."""
    try:
        cased = checksum(value)
    except ValueError:
        return _VECTOR
    return cased if sum(letter.isalpha() for letter in cased[2:]) >= _FEW_LETTERS and cased != cased.lower() else _VECTOR


_FEW_LETTERS = 8


def _mistyped(address: str) -> str:
    """The address with the first digit changed after which its capitals are no checksum any more."""
    for index in range(2, len(address)):
        digit = address[index]
        if digit.isdigit():
            other = f"{address[:index]}{(int(digit) + 1) % 10}{address[index + 1 :]}"
            if checksum(other) != other:
                return other
    return address
