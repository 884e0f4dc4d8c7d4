"""How a few English words sound, by a list of words of our own. English only, and said so wherever it is shown.

Theory of operation. Every word of the list weighs +1 or -1, strong ones 2. A "not" up to three words before turns a
word around at half its weight ("not good" is milder than "bad"), "very" and its like make it half as strong again; what
stands behind "but" counts double. The sum s becomes s / sqrt(s^2 + 15): one strong word is clear, ten are not ten times
as clear (the normalization of Hutto & Gilbert, "VADER", ICWSM 2014; the words are ours). A text without a word of the
list sounds like nothing: 0.

A text is scored only where it is English: told so, or by its small words, of which English ones must be there and
outnumber those of six other languages.
"""

from __future__ import annotations

import re
from math import sqrt

TEXT_READ_CHARACTERS = 2_000
NEGATION_REACH_WORDS = 3
NORMAL = 15.0
GOOD_2 = """
love loved loves excellent perfect perfectly amazing fantastic wonderful brilliant outstanding superb delighted best
"""
GOOD_1 = """
good great nice friendly helpful kind quick fast easy clean fresh happy pleased pleasant satisfied smooth clear
tasty delicious polite fair cheap affordable reliable convenient thanks thank glad enjoy enjoyed like liked
recommend works worked better improved lovely beautiful fun useful cheerful attentive patient tidy organized welcome
well prompt generous impressed comfortable safe honest simple favorite bargain quality
"""
BAD_1 = """
bad slow rude dirty expensive late wrong missing broken difficult hard confusing cold stale old noisy crowded messy
unhappy disappointed disappointing unfriendly unhelpful boring problem problems issue issues complaint complain
waited waiting queue queues empty poor annoying annoyed useless lost delay delayed delays error errors fail failed
failing ignored unclear overpriced damaged spoiled rotten sour smelly refused unfair pushy tired sad frustrating
frustrated mistake mistakes cancelled worse dull limited lack lacking inconvenient trouble
"""
BAD_2 = """
terrible awful horrible worst hate hated disgusting unacceptable scam fraud furious disgrace appalling pathetic
"""
NEGATIONS_SAID = """
not no never without cannot hardly barely nothing isn't wasn't don't didn't doesn't can't won't
"""
STRONGER_SAID = """
very really so extremely absolutely totally completely too incredibly always
"""
ENGLISH_SMALL_WORDS = """
the a an and is was are were it this that of to in for with my your you i we they but not very so had have has be at
on as there could would more too all no nothing everything always from about when
"""
SMALL_WORDS_SAID = """
de der die das und ist war nicht ich sie wir mit sehr ein eine zu auf für den dem es aber noch
fr le la les et est était pas je nous vous avec très un une des pour dans que ce mais il elle
es el la los las y es era no muy con un una para por que en de pero me mi todo fue nada
it il lo la gli e è era non molto con un una per che di in ma mi tutto sono ho
nl de het een en is was niet ik wij met zeer heel voor van op maar dat die er ook
pt o a os as e é era não muito com um uma para por que em de mas me meu tudo foi
"""
WEIGHT_BY_WORD = {
    word: weight
    for words, weight in ((GOOD_2, 2.0), (GOOD_1, 1.0), (BAD_1, -1.0), (BAD_2, -2.0))
    for word in words.split()
}
NEGATIONS = frozenset(NEGATIONS_SAID.split())
STRONGER = frozenset(STRONGER_SAID.split())
# The first word of a line is the language, the others are among its commonest.
SMALL_WORDS = {"en": frozenset(ENGLISH_SMALL_WORDS.split())} | {
    line[:2]: frozenset(line[3:].split()) for line in SMALL_WORDS_SAID.strip().splitlines()
}
WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")


def language_of(text: str) -> str | None:
    """The language whose small words are most among those of a text; None: it has none, or two languages tie."""
    found = _words(text)
    counts = sorted(((sum(word in small for word in found), name) for name, small in SMALL_WORDS.items()), reverse=True)
    (most, name), (second, _) = counts[0], counts[1]
    return name if most > second else None


def sentiment(text: str) -> int:
    """How an English text sounds, from -100 to 100."""
    found = _words(text)
    if not found:
        return 0
    turn = found.index("but") if "but" in found else len(found)
    total = sum(_weight(found, at) * (2.0 if at > turn else 1.0) for at in range(len(found)))
    return round(100 * total / sqrt(total * total + NORMAL))


def _weight(words: list[str], at: int) -> float:
    weight = WEIGHT_BY_WORD.get(words[at], 0.0)
    if not weight:
        return 0.0
    before = words[max(0, at - NEGATION_REACH_WORDS) : at]
    if any(word in STRONGER for word in before[-1:]):
        weight *= 1.5
    # A "never" or "nothing" that is itself a bad word does not turn another bad word into praise.
    return -weight / 2 if any(word in NEGATIONS for word in before) else weight


def _words(text: str) -> list[str]:
    return [word.replace("\u2019", "'") for word in WORD.findall(text[:TEXT_READ_CHARACTERS].lower())]
