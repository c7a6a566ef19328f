"""Refuse passwords that are easy to guess, as NIST SP 800-63B-4, section 3.1.1.2, asks.

Threat: an attacker tries the passwords that people choose most, within the limits of the lockout.
Rule: a new password needs more than a million guesses by the estimate of zxcvbn, which knows common
passwords, words, names, dates, repeated and sequential characters and keyboard patterns. It has
four letters or digits that are not the name of its user or account. There are no rules on the kinds
of characters: SP 800-63B forbids them. The first 40 characters have to be good enough, because
the estimate of a long text made of characters that stand for letters takes most of a second.
What remains open: passwords set before this check, and those known from breaches but not common.
"""

from __future__ import annotations

from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_LOWEST_SCORE = 2
"""On zxcvbn's scale of 0 to 4: more than 10^6 guesses, enough where guesses are limited."""

MAX_ESTIMATED_LENGTH = 40
"""Characters that are judged: the time that zxcvbn takes grows with their third power."""

_SHORTEST_NAME = 3
"""Characters; shorter names are parts of too many words."""
_FEWEST_OTHERS = 4
"""Letters and digits beside the names."""


def check_strength(password: str, names: tuple[str, ...]) -> None:
    """Raise ``IDENTITY_REQUEST_INVALID`` for a password that is easy to guess.

    Args:
        password: the new password.
        names: of its user and account, which an attacker tries first.
    """
    # Lazy: only commands and calls that set a password need its dictionaries.
    from zxcvbn_rs_py import zxcvbn  # noqa: PLC0415

    estimate = zxcvbn(password[:MAX_ESTIMATED_LENGTH], list(names))
    if _is_made_of(password, names):
        reason = "it is made of the name of the user or the account"
    elif int(estimate.score) < _LOWEST_SCORE:
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
        if len(name) >= _SHORTEST_NAME:
            rest = rest.replace(name.casefold(), "")
    return sum(map(str.isalnum, rest)) < _FEWEST_OTHERS and rest != password.casefold()


def _clause(sentence: str) -> str:
    words = sentence.removesuffix(".")
    return words[0].lower() + words[1:]
