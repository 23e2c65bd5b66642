"""What the server shows of itself over TLS: a certificate of the user's, or one that is made for the run."""

from __future__ import annotations

import ssl
from pathlib import Path

from specimen.mockserver.errors import SettingError
from specimen.specs.core.extras import needs
from specimen.specs.core.listening import numeric_address, stands_for_all

# Names by which this machine reaches its own server.
_OWN_NAMES = ("localhost", "127.0.0.1", "::1")


def context_of(
    host: str, certificate: Path | None, key: Path | None, ca_file: Path | None, *, is_self_signed: bool
) -> ssl.SSLContext | None:
    """The settings that the options of `serve` ask for; None where they ask for no TLS.

    Raises:
        MissingExtra: trustme is not installed.
        SettingError: the options contradict one another, or a file cannot be read or written.
    """
    if is_self_signed and (certificate or key):
        raise SettingError("--tls-self-signed makes a certificate, --tls-cert names one: give one of them.")
    if key is not None and certificate is None:
        raise SettingError("--tls-key: name its certificate with --tls-cert.")
    if ca_file is not None and not is_self_signed:
        raise SettingError("--tls-ca: there is an authority to trust with --tls-self-signed only.")
    if is_self_signed:
        return self_signed(host, ca_file)
    return None if certificate is None else own_certificate(certificate, key)


def own_certificate(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """The settings for a certificate and its key, both in PEM; without `key` the certificate's file holds it too.

    Raises:
        SettingError: one cannot be read, or they are no pair.
    """
    context = _context()
    shown = f"certificate '{certificate}'" + ("" if key is None else f" with key '{key}'")
    for file in (certificate, key):
        try:
            if file is not None:
                file.read_bytes()
        except OSError as error:
            raise SettingError(f"TLS file '{file}': {error.strerror or error}.") from error
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except ssl.SSLError as error:
        raise SettingError(f"{shown}: not a certificate and its key in PEM ({error.reason or error}).") from error
    return context


def self_signed(host: str, ca_file: Path | None) -> ssl.SSLContext:
    """The settings for a certificate that is made now, for this machine's names and `host`.

    `ca_file` gets the certificate (PEM) of the authority that signed it, which clients are to trust; no key is written.

    Raises:
        AddressError: the host is neither an address nor a name.
        MissingExtra: trustme is not installed.
        SettingError: the file cannot be written.
    """
    with needs("tls", "--tls-self-signed", "give a certificate with --tls-cert"):
        import trustme  # noqa: PLC0415 - an extra
    address = numeric_address(host)
    named = host if address is None else None if stands_for_all(address) else str(address)
    names = dict.fromkeys((*_OWN_NAMES, *([] if named is None else [named])))
    authority = trustme.CA(organization_name="Specimen")
    context = _context()
    try:
        authority.issue_cert(*names).configure_cert(context)
    except ValueError as error:
        raise SettingError(f"host '{host}': no certificate can be made for it: {error}.") from error
    if ca_file is not None:
        try:
            ca_file.write_bytes(authority.cert_pem.bytes())
        except OSError as error:
            raise SettingError(f"--tls-ca '{ca_file}': cannot be written: {error.strerror or error}.") from error
    return context


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _no_password() -> str:
    raise SettingError("the key is encrypted: give one that is not, as nobody can be asked for its password.")
