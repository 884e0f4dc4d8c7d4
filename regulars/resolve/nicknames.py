"""First names that are one person's. Short and common ones only; the rest is left to likeness."""

from functools import lru_cache

# Each line: one name and its everyday forms.
FAMILIES = """
abigail abby gail
albert al bert
alexander alex sandy xander
alexandra alex sandra sandy lexi
alfred al fred
alice ali
amanda mandy
andrew andy drew
angela angie
ann anna anne annie nancy
anthony tony
arthur art
barbara barb babs
benjamin ben benny
beverly bev
bradley brad
caroline carol carrie
catherine cathy kate katie kathy cat
charles charlie chuck chas
charlotte charlie lottie
christina chris chrissy tina
christine chris chrissy tina
christopher chris kit topher
cynthia cindy
daniel dan danny
david dave davy
deborah deb debbie
dennis denny
donald don donny
dorothy dot dottie
douglas doug
edward ed eddie ted ned
eleanor ellie nell
elizabeth liz lizzie beth betty eliza libby
emily em emmy
ernest ernie
eugene gene
evelyn evie
frances fran frankie
francis frank
franklin frank
frederick fred freddie
gabriel gabe
george geo
gerald gerry jerry
geraldine gerry
gregory greg
harold harry hal
helen nell
henry harry hank
irene renie
isabella bella izzy
jacob jake
jacqueline jackie
james jim jimmy jamie
janet jan
jeffrey jeff
jennifer jen jenny
jeremy jerry
jessica jess jessie
john jack johnny jon
jonathan jon john
joseph joe joey
joshua josh
joyce joy
judith judy
julia julie
katherine kate katie kathy kat
kathleen kathy kate
kenneth ken kenny
kimberly kim
lawrence larry
leonard leo len lenny
lillian lily
louis lou
louise lou
margaret maggie meg peggy greta
maria mary
martin marty
matthew matt
megan meg
melissa mel missy
michael mike mick mickey
michelle shelly
nathan nate
nathaniel nate nathan
nicholas nick nicky
nicole nicky
olivia liv livvy
pamela pam
patricia pat patty trish tricia
patrick pat paddy
peter pete
philip phil
phillip phil
rachel rae
raymond ray
rebecca becky becca
richard rich rick ricky dick
robert rob bob bobby robbie bert
roger rodge
ronald ron ronnie
russell russ
ruth ruthie
samantha sam
samuel sam sammy
sandra sandy
sarah sally
scott scotty
sharon shari
sophia sophie
stephanie steph
stephen steve
steven steve
susan sue susie
teresa terry tess
terrence terry
theodore ted teddy theo
theresa terry tess
thomas tom tommy
timothy tim timmy
tyler ty
valerie val
victoria vicky tori
vincent vince
virginia ginny
walter walt wally
wanda wendy
william will bill billy liam
zachary zach zack
"""


def _pairs() -> frozenset[tuple[str, str]]:
    pairs: set[tuple[str, str]] = set()
    for line in FAMILIES.strip().splitlines():
        names = line.split()
        # Only with the full name: "bert" of Albert and "bert" of Robert do not make Albert and Robert one.
        pairs |= {(names[0], short) for short in names[1:]} | {(short, names[0]) for short in names[1:]}
        pairs |= {(a, b) for a in names[1:] for b in names[1:]}
    return frozenset(pairs)


def _roots() -> dict[str, list[str]]:
    roots: dict[str, list[str]] = {}
    for line in FAMILIES.strip().splitlines():
        root, *shorts = line.split()
        for name in (root, *shorts):
            roots.setdefault(name, []).append(root)
    return roots


NICKNAMES = _pairs()
ROOTS_BY_NAME = _roots()
"""The full names that somebody so called may have."""
CACHED_PAIRS = 65_536


@lru_cache(maxsize=CACHED_PAIRS)
def are_nicknames(one: str, other: str) -> bool:
    """Both can be what one person is called."""
    return (one, other) in NICKNAMES
