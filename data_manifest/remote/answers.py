"""What becomes of asking for a file: how often it is tried, and what is said where it fails."""

from __future__ import annotations

import dataclasses
import enum
import ssl
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from shared.errors import UsageError, problem

T = TypeVar("T")

NOT_FOUND: Final = (404, 410)
REFUSED: Final = (401, 403, 407)
BEYOND_END: Final = 416
TRY_AGAIN: Final = (408, 425, 429)
NO_CREDENTIALS: Final = "no credentials"
PHRASES: Final = {
    "ClientPayloadError": "a transfer that broke off",
    "IncompleteReadError": "a transfer that broke off",
    "ServerDisconnectedError": "a transfer that broke off",
    "ClientConnectorDNSError": "no such host",
    "NoCredentialsError": NO_CREDENTIALS,
    "PartialCredentialsError": NO_CREDENTIALS,
    "NoSuchBucket": "no such bucket",
}
"""Plain words by the name of a library's error; its own words may hold the whole address."""
LASTING: Final = ("NoCredentialsError", "PartialCredentialsError", "InvalidURL", "ValueError")


LOOK_S: Final = 0.05
"""How often somebody who waits looks whether the file is still wanted."""

Halted = Callable[[], bool]
"""Tells whether a file is no longer wanted."""


class Why(enum.Enum):
    """Why an answer failed."""

    ABSENT = "nothing there"
    REFUSED = "access refused"
    UNTRUSTED = "a certificate that this machine does not trust"
    BEYOND_END = "a part beyond the end"
    LASTING = "an answer that stays the same"
    PASSING = "an answer that another try may change"


class AnswerError(Exception):
    """A request that failed.

    Args:
        phrase: What was found, without any address.
        why: What kind of failure it is.
    """

    def __init__(self, phrase: str, why: Why) -> None:
        super().__init__(phrase)
        self.phrase = phrase
        self.why = why


class HaltedError(Exception):
    """Somebody gave up waiting for a file."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Patience:
    """How often a request is made, and how long is waited between two.

    Attributes:
        tries: Requests without any progress.
        first_wait_s: Wait after the first one; it doubles each time.
        longest_wait_s: It never becomes longer.
    """

    tries: int = 6
    first_wait_s: float = 0.5
    longest_wait_s: float = 8.0

    def wait_s(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row."""
        return min(self.first_wait_s * 2.0 ** (failures - 1), self.longest_wait_s)


def never() -> bool:
    """Whether somebody gave up waiting, where nobody does."""
    return False


def pause(seconds: float, halted: Halted) -> None:
    """Wait.

    Raises:
        HaltedError: The file is no longer wanted.
    """
    end = time.monotonic() + seconds
    while not halted():
        left = end - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, LOOK_S))
    raise HaltedError


def asked(request: Callable[[], T], patience: Patience, halted: Halted = never) -> T:
    """Make a request until it is answered.

    Args:
        request: Raises :class:`AnswerError` where it fails.
        patience: How often.
        halted: Tells whether the answer is no longer wanted.

    Raises:
        AnswerError: The last failure, or one that no other try would change.
        HaltedError: It is no longer wanted.
    """
    failures = 0
    while True:
        try:
            return request()
        except AnswerError as error:
            failures += 1
            if error.why is not Why.PASSING or failures >= patience.tries:
                raise
        pause(patience.wait_s(failures), halted)


def answer_error(error: Exception) -> AnswerError:
    """Turn whatever a library raised into a failure whose words hold no address."""
    status = status_of(error)
    names = [each.__name__ for each in type(error).__mro__]
    known = next((PHRASES[name] for name in names if name in PHRASES), None)
    refused = f"access refused ({status or 'by the server'})"
    of_client = status is not None and 400 <= status < 500 and status not in TRY_AGAIN
    cases = (
        (
            status == BEYOND_END or "InvalidRange" in str(error),
            Why.BEYOND_END.value,
            Why.BEYOND_END,
        ),
        (_is_untrusted(error), Why.UNTRUSTED.value, Why.UNTRUSTED),
        (status in NOT_FOUND, "no such file", Why.ABSENT),
        (isinstance(error, FileNotFoundError), known or "no such file", Why.ABSENT),
        (status in REFUSED or isinstance(error, PermissionError), refused, Why.REFUSED),
        (of_client, f"HTTP status {status}", Why.LASTING),
        (status is not None, f"HTTP status {status}", Why.PASSING),
        (known == NO_CREDENTIALS, NO_CREDENTIALS, Why.REFUSED),
        (any(name in LASTING for name in names), "an address that cannot be read", Why.LASTING),
        (known is not None, str(known), Why.PASSING),
        (isinstance(error, TimeoutError), "no answer in time", Why.PASSING),
        (isinstance(error, OSError), "no connection", Why.PASSING),
    )
    for holds, phrase, why in cases:
        if holds:
            return AnswerError(phrase, why)
    return AnswerError(type(error).__name__, Why.PASSING)


def _is_untrusted(error: Exception) -> bool:
    """Whether a server's certificate failed; botocore says so in words only."""
    is_said = "CERTIFICATE_VERIFY_FAILED" in str(error)
    return isinstance(error, ssl.SSLCertVerificationError) or is_said


def status_of(error: BaseException | None) -> int | None:
    """The HTTP status that an error speaks of, or the one that it was raised from."""
    for _ in range(4):
        if error is None:
            return None
        response: Any = getattr(error, "response", None)
        named = response.get("ResponseMetadata", {}) if isinstance(response, dict) else {}
        for found in (getattr(error, "status", None), named.get("HTTPStatusCode")):
            if isinstance(found, int) and 100 <= found < 600:
                return found
        error = error.__cause__
    return None


def gave_up(where: object, expected: str, error: AnswerError) -> UsageError:
    """Say that a file cannot be had, in one line."""
    remedies = {
        Why.REFUSED: "give its library credentials that may do this, then repeat the command",
        Why.UNTRUSTED: "check the address, or name the file of its authority in SSL_CERT_FILE "
        "(for s3:// in AWS_CA_BUNDLE)",
        Why.PASSING: "check the network and the address, then repeat the command",
    }
    remedy = remedies.get(error.why, "check the address")
    return UsageError(problem(where, expected, error.phrase, remedy))
