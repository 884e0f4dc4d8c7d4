"""Search as you type: by name, e-mail, phone or card, in any spelling, a typing error in each word forgiven.

Nothing but the words of each customer is stored (`profile_token`). What could have been meant is generated when someone
asks: a spelling is one look by key, so the five hundred words that are one error away cost about as much as a page of
results. The database finds who has a word, and who has all of them where each word alone has too many holders; a pure
function then says how well each candidate fits. Exact beats the beginning of a word beats a typing error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import IntEnum
from typing import Any, NamedTuple

import msgspec

from regulars import resolve
from regulars.app import App
from regulars.model import Moment
from regulars.profile.read import SQL, display_name
from regulars.profile.survivorship import EMAIL_MARK, MAX_TOKEN_CHARS, plain

SEARCH_LIMIT = 20
# Words of a query beyond these are not looked at: nobody has more names.
MAX_WORDS = 8
# So many candidates are judged one by one; a word with more holders is counted against the other words by the database.
CANDIDATES = 200
# A misspelled word has hundreds of spellings: so many holders of each are enough to choose from.
CANDIDATES_OF_A_TYPO = 20
# Words with fewer holders are joined by reading all of them, those with more by asking who of the others has them: a
# tenth of a million customers has them, so few are asked before enough are found.
COUNTED = 100_000
# Who has found this many has found whom she looks for: typing errors are considered below it.
ENOUGH = 5
# A word of three letters is one error away from everything.
TYPO_MIN_CHARS = 4
# From here on the beginning of a misspelled word counts, too: of shorter ones too many words begin like that.
TYPO_PREFIX_MIN_CHARS = 5
TYPO_MAX_CHARS = 40
CARD_MIN_DIGITS = 4
LAST_SIGN = chr(0x10FFFF)
DIGITS = "0123456789"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
# Letters of an alphabet stand together in Unicode, 64 signs hold those of each script that has an alphabet.
SCRIPT_SIGNS = 64
FIRST_WITHOUT_ALPHABET = 0x2E80
PARTS = re.compile(r"[+(]?\d(?:[\d\s()./-]*\d)?(?![\w@])|[\w@.+'’-]+")
PHONE_LIKE = re.compile(r"[\d\s()+./-]+")
TRUNK_ZERO = re.compile(r"\(0\)")


class Match(IntEnum):
    """How well a word is met, best first."""

    WHOLE = 0
    BEGINNING = 1
    SIMILAR = 2
    SIMILAR_BEGINNING = 3


class Hit(msgspec.Struct, frozen=True):
    """One line of a search result."""

    customer: int
    name: str
    email: str | None
    phone: str | None
    city: str | None
    similar: bool = False
    """Found by a spelling that is one typing error away from what was asked."""


class Range(NamedTuple):
    """Tokens from `low` up to, not including, `end` meet this word of the query."""

    word: int
    low: str
    end: str
    match: Match


class Candidate(NamedTuple):
    """Somebody who has at least one of the words, with all the words she is found by."""

    customer: int
    names: tuple[str | None, str | None]
    contact: tuple[str | None, str | None, str | None]
    tokens: list[str]


class Word(NamedTuple):
    """One word as typed, in the spellings that it may be stored in, and those one error away (none: not considered)."""

    spellings: tuple[str, ...]
    typos: frozenset[str] = frozenset()

    def met_by(self, tokens: Iterable[str]) -> Match | None:
        """How well these tokens meet it, None: not at all."""
        return min((found for token in tokens if (found := self._met(token)) is not None), default=None)

    def _met(self, token: str) -> Match | None:
        if token in self.spellings:
            return Match.WHOLE
        if token.startswith(self.spellings):
            return Match.BEGINNING
        if token in self.typos:
            return Match.SIMILAR
        size = len(self.spellings[0])
        if size < TYPO_PREFIX_MIN_CHARS:
            return None
        begins = any(token[:end] in self.typos for end in (size, size + 1, size - 1))
        return Match.SIMILAR_BEGINNING if begins else None


def search(app: App, text: str, limit: int = SEARCH_LIMIT) -> list[Hit]:
    """Customers who have all words of `text`, or who carry a card that ends so; best first, at most `limit`.

    Typing errors are considered where fewer than ENOUGH are found as typed.
    """
    words = query_words(text)
    if not words:
        return []
    most = max(limit, CANDIDATES)
    found = _by_card_or_contact(app, text, words, most)
    found += _judged(words, _candidates(app, words, most))
    if not is_certain(words, found) and (forgiving := [with_typos(word) for word in words]) != words:
        found += _judged(forgiving, _candidates(app, forgiving, most))
    hits: dict[int, Hit] = {}
    for match, person in found:
        hits.setdefault(
            person.customer,
            Hit(person.customer, display_name(*person.names, person.customer), *person.contact, match >= Match.SIMILAR),
        )
    return list(hits.values())[:limit]


def is_certain(words: list[Word], found: list[tuple[Match, Candidate]]) -> bool:
    """Whether nobody else can be meant: enough are found, or somebody by a whole e-mail or number, or several words."""
    is_whole = any(match is Match.WHOLE for match, _ in found)
    is_telling = len(words) > 1 or words[0].spellings[0][0] in EMAIL_MARK + DIGITS
    return len(found) >= ENOUGH or (is_whole and is_telling)


def _judged(words: list[Word], candidates: list[Candidate]) -> list[tuple[Match, Candidate]]:
    """Those who meet every word, best first; names decide where all else is equal."""
    found: list[tuple[Match, int, Candidate]] = []
    for one in candidates:
        matches = [word.met_by(one.tokens) for word in words]
        met = [match for match in matches if match is not None]
        if len(met) == len(words):
            found.append((max(met, default=Match.WHOLE), sum(met), one))
    found.sort(key=lambda it: (it[0], it[1], it[2].names[1] or LAST_SIGN, it[2].names[0] or LAST_SIGN, it[2].customer))
    return [(match, one) for match, _, one in found]


def _candidates(app: App, words: list[Word], most: int) -> list[Candidate]:
    """Whoever could meet these words: the holders of the rarest, or who has all of them where each has many."""
    ranges = [found for number, word in enumerate(words) for found in ranges_of(number, word)]
    if len(words) == 1:
        given = _given(ranges, CANDIDATES_OF_A_TYPO if words[0].typos else most, most)
        return _read(app, app.db.execute(SQL.holders, given, prepare=False).fetchall())
    counted = app.db.execute(SQL.sizes, _given(ranges, COUNTED, most), prepare=False).fetchall()
    sizes = dict.fromkeys(range(len(words)), 0) | {word: int(size) for word, size in counted}
    rarest = min(sizes, key=lambda word: sizes[word])
    if not sizes[rarest]:
        return []
    if sizes[rarest] <= most:
        own = [one for one in ranges if one.word == rarest]
        return _read(app, app.db.execute(SQL.holders, _given(own, most, most), prepare=False).fetchall())
    # A word with typing errors has too many ranges to ask for one by one.
    asked = {word for word, size in sizes.items() if size >= COUNTED and not words[word].typos}
    if asked == set(sizes):
        asked -= {max(asked, key=lambda word: len(words[word].spellings[0]))}
    given = _given([one for one in ranges if one.word not in asked], COUNTED, most)
    given |= {"all": sum(1 << word for word in sizes if word not in asked), "others": len(asked)}
    others = [(word, spelling) for word in asked for spelling in words[word].spellings]
    given["other_words"] = [word for word, _ in others]
    given["other_lows"] = [spelling for _, spelling in others]
    given["other_ends"] = [spelling + LAST_SIGN for _, spelling in others]
    statement = SQL.holders_with if len(asked) == len(sizes) - 1 else SQL.holders_of_all
    return _read(app, app.db.execute(statement, given, prepare=False).fetchall())


def _given(ranges: list[Range], limit: int, most: int) -> dict[str, Any]:
    return {
        "words": [one.word for one in ranges],
        "lows": [one.low for one in ranges],
        "ends": [one.end for one in ranges],
        "matches": [int(one.match) for one in ranges],
        "limit": limit,
        "candidates": most,
    }


def _read(app: App, rows: list[tuple[Any, ...]]) -> list[Candidate]:
    if not rows:
        return []
    found = app.db.execute(SQL.candidates, {"customers": list(dict.fromkeys(row[0] for row in rows))})
    return [
        Candidate(customer, (first_name, last_name), (email, phone, city), tokens)
        for customer, first_name, last_name, email, phone, city, tokens in found
    ]


def _by_card_or_contact(app: App, text: str, words: list[Word], most: int) -> list[tuple[Match, Candidate]]:
    """Holders of a card that ends in the digits typed, and who is known by an e-mail or a phone that is no longer hers
    to show: the resolver knows every one. Other words typed beside a card must be met as well."""
    cards = [number for number, word in enumerate(words) if sum(map(str.isdigit, word.spellings[0])) >= CARD_MIN_DIGITS]
    holders: dict[int, bool] = {}
    rest = words
    if len(words) == 1:
        holders = resolve.card_holders(app, text, most) if cards else {}
        for kind in ("email", "phone"):
            known = resolve.look_up(app, Moment(kind=kind, value=text))
            if known is not None:
                holders[known] = True
        rest = []
    elif cards:
        holders = resolve.card_holders(app, words[cards[0]].spellings[0], most)
        rest = [word for number, word in enumerate(words) if number != cards[0]]
    people = _judged(rest, _read(app, [(customer,) for customer in holders]))
    return sorted(
        ((Match.WHOLE if holders[one.customer] else Match.BEGINNING, one) for _, one in people), key=lambda it: it[0]
    )


def ranges_of(number: int, word: Word) -> list[Range]:
    """What to read for a word: each spelling whole, then as a beginning, then those one error away."""
    found: list[Range] = []
    for spelling in word.spellings:
        found.append(Range(number, spelling, spelling + "\1", Match.WHOLE))
        found.append(Range(number, spelling + "\1", spelling + LAST_SIGN, Match.BEGINNING))
    begins = len(word.spellings[0]) >= TYPO_PREFIX_MIN_CHARS
    for typo in word.typos:
        found.append(Range(number, typo, typo + "\1", Match.SIMILAR))
        if begins:
            found.append(Range(number, typo + "\1", typo + LAST_SIGN, Match.SIMILAR_BEGINNING))
    return found


def query_words(text: str) -> list[Word]:
    """What was typed as search words: a phone number is one word of digits, an e-mail stays whole."""
    words: list[Word] = []
    for part in PARTS.findall(TRUNK_ZERO.sub("", plain(text.replace("\0", "").strip()))):
        if PHONE_LIKE.fullmatch(part):
            words.append(Word(phone_spellings("".join(filter(str.isdigit, part)))))
        elif "@" in part:
            # A domain alone is a word of its own, so that everybody at a company is found by it.
            words.append(Word((part if part.startswith("@") else EMAIL_MARK + part,)))
        else:
            words += [Word((word,)) for word in re.findall(r"\w+", part)]
    cut = [Word(tuple(one[:MAX_TOKEN_CHARS] for one in word.spellings)) for word in words if word.spellings[0]]
    return cut[:MAX_WORDS]


def phone_spellings(digits: str) -> tuple[str, ...]:
    """The digits as typed, and without the zeros dialed before them: 0044 207 and 0207 are 44 207 and 207."""
    return tuple(dict.fromkeys([digits, digits.lstrip("0") or digits]))


def with_typos(word: Word) -> Word:
    """The same with the spellings one error away: a sign left out, added, exchanged, or two neighbors swapped."""
    typed = word.spellings[0]
    if not TYPO_MIN_CHARS <= len(typed) <= TYPO_MAX_CHARS:
        return word
    # The mark of an e-mail is ours and nobody mistypes it.
    mark = typed[0] if typed[0] in EMAIL_MARK + "@" else ""
    text = typed[len(mark) :]
    signs = alphabet(text)
    halves = [(text[:at], text[at:]) for at in range(len(text) + 1)]
    found = {mark + left + right[1:] for left, right in halves if right}
    found |= {mark + left + right[1] + right[0] + right[2:] for left, right in halves if len(right) > 1}
    found |= {mark + left + sign + right[1:] for left, right in halves if right for sign in signs}
    found |= {mark + left + sign + right for left, right in halves for sign in signs}
    return Word(word.spellings, frozenset(found - set(word.spellings)))


def alphabet(word: str) -> str:
    """The signs that a typing error in this word could have made or lost."""
    if word.isdigit() and word.isascii():
        return DIGITS
    signs = LETTERS + (DIGITS + ".-_" if "@" in word else "")
    for block in sorted({ord(sign) // SCRIPT_SIGNS for sign in word if not sign.isascii()}):
        if block * SCRIPT_SIGNS < FIRST_WITHOUT_ALPHABET:
            block_signs = map(chr, range(block * SCRIPT_SIGNS, (block + 1) * SCRIPT_SIGNS))
            signs += "".join(sign for sign in block_signs if sign.isalpha() and plain(sign) == sign)
    return signs
