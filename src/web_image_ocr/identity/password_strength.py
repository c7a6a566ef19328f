"""Reject passwords that are easy to guess, as NIST SP 800-63B-4, section 3.1.1.2, requires.

Threat: an attacker tries the most common passwords, within the limits of the lockout.
Rule: zxcvbn estimates more than a million guesses for a new password. It knows common passwords,
words, names, dates, repeated and sequential characters and keyboard patterns. Besides the names of
its user and account the password has four letters or digits. There are no composition rules:
SP 800-63B forbids them. Only the first 40 characters are estimated, because the estimate of a long
text of substituted letters takes most of a second.
Residual risk: passwords set before this check, and uncommon passwords known from breaches.
"""

from __future__ import annotations

from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_MIN_SCORE = 2
"""On zxcvbn's scale of 0 to 4: more than 10^6 guesses, enough where guesses are limited."""

MAX_ESTIMATED_LENGTH = 40
"""Characters that are estimated: the time of zxcvbn grows with their third power."""

_MIN_NAME_LENGTH = 3
"""Characters; shorter names occur in too many words."""
_MIN_OTHER_CHARACTERS = 4
"""Letters and digits besides the names."""


def check_strength(password: str, names: tuple[str, ...]) -> None:
    """Raise ``IDENTITY_REQUEST_INVALID`` for a password that is easy to guess.

    Args:
        password: the new password.
        names: of its user and account; an attacker tries them first.
    """
    # Lazy: only commands and calls that set a password need its dictionaries.
    from zxcvbn_rs_py import zxcvbn  # noqa: PLC0415

    estimate = zxcvbn(password[:MAX_ESTIMATED_LENGTH], list(names))
    if _is_made_of(password, names):
        reason = "it is made of the name of the user or the account"
    elif int(estimate.score) < _MIN_SCORE:
        warning = estimate.feedback.warning if estimate.feedback else None
        reason = _clause(str(warning)) if warning else "it is short and predictable"
    else:
        return
    raise ServiceError(
        ErrorKind.IDENTITY_REQUEST_INVALID,
        f"the password is too easy to guess: {reason}; choose a longer one, for example of "
        "several uncommon words",
    )


def _is_made_of(password: str, names: tuple[str, ...]) -> bool:
    rest = password.casefold()
    for name in names:
        if len(name) >= _MIN_NAME_LENGTH:
            rest = rest.replace(name.casefold(), "")
    return sum(map(str.isalnum, rest)) < _MIN_OTHER_CHARACTERS and rest != password.casefold()


def _clause(sentence: str) -> str:
    words = sentence.removesuffix(".")
    return words[0].lower() + words[1:]
