"""Why a delivery is refused."""

from __future__ import annotations

from specimen.specs import SpecimenError


class WebhookError(SpecimenError):
    """A delivery that a receiver must not act on; its text says what is wrong with it, without any secret."""


class MissingHeader(WebhookError):
    """The header of the signature is missing."""


class MalformedSignature(WebhookError):
    """The header of the signature, or the token, has another form than the vendor documents."""


class OutsideTolerance(WebhookError):
    """The delivery was sent too long ago, or is from the future. `seconds` is by how much it is older than now."""

    def __init__(self, text: str, seconds: float) -> None:
        super().__init__(text)
        self.seconds = seconds


class WrongSignature(WebhookError):
    """No secret or key that was given made the signature of this body."""


class UnknownKey(WebhookError):
    """The key id is none of the keys that were given."""


class WrongAlgorithm(WebhookError):
    """The delivery names another algorithm than the vendor's, such as `none`."""


class Undecryptable(WebhookError):
    """The private key does not open the body."""


class InvalidBody(WebhookError):
    """The cleartext is no JSON object, or lacks what names the event."""


class Replayed(WebhookError):
    """The event came before: answer 2xx and do nothing."""
