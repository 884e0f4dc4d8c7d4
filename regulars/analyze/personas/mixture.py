"""Finding groups and doubting them. Pure; the same customers and the same seed give the same groups.

Theory of operation. Traits are straightened (logarithm, arcsine), put on one scale by median and quartiles, and cut at
four spreads, so that no single customer pulls a group. Groups are a mixture of normal distributions with one common
shape: what all customers do together (who comes often also buys more) is inside that shape and makes no groups.

How many there are is decided by repetition: groups are found in many subsamples, and the number is taken with which
they agree best (adjusted Rand index). But anything can be cut the same way twice, a single hump as well. So the same
is done with look-alikes of the base that have no groups: their traits hang together as ours do, and each has the shape
of ours smoothed until it has one hump. Only what agrees better than all look-alikes is a group; of bases without
groups, one in LOOK_ALIKES + 1 would pass if they were like their look-alikes in everything; look-alikes take over how
traits hang together in pairs, and not more, so twice as many pass: FALSE_ALARM_RATE, as measured.
Sources: Ben-Hur, Elisseeff & Guyon, PSB 2002 (stability); Silverman, JRSS B 43 (1981) (smoothing to one hump); Liu et
al., JASA 103 (2008) (testing clusters against one distribution).
"""

# scikit-learn and SciPy carry no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportOptionalOperand=false, reportOptionalSubscript=false
from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import msgspec
import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from regulars.analyze.personas.lenses import Feature, Shape
from regulars.analyze.scores import Floats, Ints, TraitTable

# Fewer customers than this show chance and not groups.
MIN_JUDGED = 200
# The number of groups is chosen on so many, the groups themselves are fitted on more; a million changes neither.
CHOICE_SAMPLE = 2_000
FIT_SAMPLE = 20_000
GROUPS_MAX = 7
SUBSAMPLES = 6
SUBSAMPLE_SHARE = 0.8
# Numbers of groups that agree equally well up to this: the larger one tells more.
AS_GOOD = 0.02
MIN_AGREEMENT = 0.8
LOOK_ALIKES = 19
# Twice what the rank alone says: see the theory above, and `regulars bench quiet`.
FALSE_ALARM_RATE = 2 / (LOOK_ALIKES + 1)
# A group smaller than this part of all is no persona.
MIN_SHARE = 0.02
CUT_AT = 4.0
IQR_OF_NORMAL = 1.349
GRID = 512
# Beyond this part of distances at fitting a customer counts as strange to the groups.
STRANGE_QUANTILE = 0.99


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """How a trait is put on the common scale, after it was straightened."""

    center: float
    spread: float


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Groups as numbers: enough to tell anybody's group from her traits, without anybody else."""

    features: list[str]
    scales: list[Scale]
    centers: list[list[float]]
    """One row a group, on the common scale, largest group first."""
    precision: list[list[float]]
    """Inverse of the shape that all groups share."""
    shares: list[float]
    strange_from: float
    """Distance from the own center beyond which one customer in a hundred stood."""


class Stability(msgspec.Struct, frozen=True, kw_only=True):
    """How well groups of subsamples agree, by number of groups from 2 on, and what chance reaches."""

    agreement: list[float]
    """Mean adjusted Rand index: 1 the same groups every time, 0 no better than lots."""
    groups: int
    """The number that agrees best."""
    look_alikes: list[float]
    """The best agreement of each look-alike without groups that was asked; fewer than LOOK_ALIKES: one was as good."""
    is_stable: bool


class Labels(msgspec.Struct, frozen=True, kw_only=True):
    """Which group each customer belongs to, by place among the centers, and how far from its middle she stands."""

    places: Ints
    distances: Floats


def _count(values: Floats, within: Floats) -> Floats:
    return np.log1p(np.maximum(values, 0) + within)


def _amount(values: Floats, within: Floats) -> Floats:
    del within
    return np.log1p(np.maximum(values, 0))


def _share(values: Floats, within: Floats) -> Floats:
    del within
    return np.arcsin(np.sqrt(np.clip(values, 0, 1)))


STRAIGHTEN: dict[Shape, Callable[[Floats, Floats], Floats]] = {"count": _count, "amount": _amount, "share": _share}


def straightened(table: TraitTable, features: Sequence[Feature], jitter: Floats | None = None) -> Floats:
    """(customers, features) on a scale where differences are comparable.

    Counts are spread over the unit they stand for when `jitter` (0 to 1) is given: steps are no groups.
    """
    columns: list[Floats] = []
    for at, feature in enumerate(features):
        values = np.nan_to_num(table[feature.trait])
        within = np.full(len(values), 0.5) if jitter is None else jitter[:, at]
        columns.append(STRAIGHTEN[feature.shape](values, within))
    return np.stack(columns, axis=1)


def scales_of(values: Floats) -> list[Scale]:
    """Median and quartiles of every column; the standard deviation where the quartiles are equal."""
    scales: list[Scale] = []
    for column in values.T:
        low, middle, high = np.quantile(column, (0.25, 0.5, 0.75)).tolist()
        spread = (high - low) / IQR_OF_NORMAL
        deviation = float(column.std())
        # With most at one value the quartiles say nothing of the others.
        scales.append(Scale(center=middle, spread=spread if spread > deviation / 4 else deviation or 1.0))
    return scales


def scaled(values: Floats, scales: Sequence[Scale]) -> Floats:
    """Spreads from the median, cut."""
    centers, spreads = np.array([s.center for s in scales]), np.array([s.spread for s in scales])
    return np.clip((values - centers) / spreads, -CUT_AT, CUT_AT)


def find(
    table: TraitTable, features: Sequence[Feature], seed: int, breathe: Callable[[], object] = lambda: None
) -> tuple[Stability | None, Params | None]:
    """The groups of these customers, if there are any; (None, None) where there are too few to say.

    `breathe` is called after each base that was searched.
    """
    count = len(table.customers)
    if count < MIN_JUDGED:
        return None, None
    draw = np.random.default_rng(seed)
    chosen = draw.permutation(count)[:FIT_SAMPLE]
    part = TraitTable(
        as_of_day=table.as_of_day,
        customers=table.customers[chosen],
        columns={name: values[chosen] for name, values in table.columns.items()},
    )
    plain = straightened(part, features, draw.random((len(chosen), len(features))))
    scales = scales_of(plain)
    values = scaled(plain, scales)
    stability = choose(values[:CHOICE_SAMPLE], seed, breathe)
    if not stability.is_stable:
        return stability, None
    return stability, fitted(values, scales, [f.trait for f in features], stability.groups, seed)


def choose(values: Floats, seed: int, breathe: Callable[[], object] = lambda: None) -> Stability:
    """How many groups agree best, and whether that is more than look-alikes without groups reach."""
    agreement = agreements(values, seed)
    best = max(agreement)
    groups = max(at for at, one in enumerate(agreement) if one >= best - AS_GOOD) + 2
    found: list[float] = []
    is_stable = best >= MIN_AGREEMENT
    if is_stable:
        for number in range(LOOK_ALIKES):
            breathe()
            found.append(max(agreements(look_alike(values, seed + 1 + number), seed + 1 + number)))
            if found[-1] >= best:
                is_stable = False
                break
    return Stability(agreement=agreement, groups=groups, look_alikes=found, is_stable=is_stable)


def agreements(values: Floats, seed: int) -> list[float]:
    """Mean adjusted Rand index between the groups of all pairs of subsamples, for 2 to GROUPS_MAX groups.

    All models label the same customers. A number that gives a group too small to matter agrees with nothing.
    """
    draw = np.random.default_rng(seed)
    size = int(len(values) * SUBSAMPLE_SHARE)
    parts = [draw.permutation(len(values))[:size] for _ in range(SUBSAMPLES)]
    found: list[float] = []
    with threadpool_limits(1):
        for groups in range(2, GROUPS_MAX + 1):
            labels = [_mixture(values[part], groups, seed, starts=1).predict(values) for part in parts]
            smallest = np.median([np.bincount(one, minlength=groups).min() for one in labels]) / len(values)
            scores = [adjusted_rand_score(one, other) for one, other in combinations(labels, 2)]
            found.append(float(np.mean(scores)) if smallest >= MIN_SHARE else 0.0)
    return found


def look_alike(values: Floats, seed: int) -> Floats:
    """A base like this one without groups: traits hang together as here, each has one hump."""
    draw = np.random.default_rng(seed)
    normal = ndtri(rankdata(values, axis=0) / (len(values) + 1))
    shape = np.corrcoef(normal, rowvar=False)
    chance = ndtr(draw.multivariate_normal(np.zeros(values.shape[1]), shape, size=len(values), method="cholesky"))
    return np.stack([one_humped(column, chance[:, at]) for at, column in enumerate(values.T)], axis=1)


def one_humped(column: Floats, chance: Floats) -> Floats:
    """Draws from the smoothed shape of this column: as little smoothing as leaves one hump. `chance` is 0 to 1."""
    low, high = column.min() - 1.0, column.max() + 1.0
    counts, edges = np.histogram(column, bins=GRID, range=(low, high))
    least, most = 0.0, float(GRID)
    for _ in range(12):
        middle = (least + most) / 2
        least, most = (middle, most) if _humps(counts, middle) > 1 else (least, middle)
    smooth = gaussian_filter1d(counts.astype(np.float64), most, mode="constant")
    below = np.cumsum(smooth) / smooth.sum()
    drawn = np.interp(chance, below, edges[1:])
    # Smoothing widens: the look-alike has the spread of the original.
    return (drawn - drawn.mean()) * (column.std() / (drawn.std() or 1.0)) + column.mean()


def _humps(counts: Ints, width: float) -> int:
    smooth = gaussian_filter1d(counts.astype(np.float64), width, mode="constant")
    # Below a thousandth of the peak a hump is a single customer far out.
    rises = np.sign(np.diff(np.where(smooth < smooth.max() / 1000, 0.0, smooth)))
    turns = rises[rises != 0]
    return int(((turns[:-1] > 0) & (turns[1:] < 0)).sum())


def fitted(values: Floats, scales: list[Scale], features: list[str], groups: int, seed: int) -> Params:
    """The groups themselves, largest first."""
    with threadpool_limits(1):
        model = _mixture(values[:FIT_SAMPLE], groups, seed, starts=5)
    order = np.argsort(-model.weights_, kind="stable")
    params = Params(
        features=features,
        scales=scales,
        centers=model.means_[order].tolist(),
        precision=model.precisions_.tolist(),
        shares=model.weights_[order].tolist(),
        strange_from=float("inf"),
    )
    distances = labels_of(values, params).distances
    return msgspec.structs.replace(params, strange_from=float(np.quantile(distances, STRANGE_QUANTILE)))


def judge(table: TraitTable, features: Sequence[Feature], params: Params) -> Labels:
    """Everybody's group: a pure expression of her own traits."""
    return labels_of(scaled(straightened(table, features), params.scales), params)


def labels_of(values: Floats, params: Params) -> Labels:
    """The group with the highest chance, and the distance from its center in common spreads."""
    centers, precision = np.array(params.centers), np.array(params.precision)
    squares = np.empty((len(values), len(centers)))
    for at, center in enumerate(centers):
        away = values - center
        squares[:, at] = ((away @ precision) * away).sum(axis=1)
    places = (np.log(params.shares) - squares / 2).argmax(axis=1)
    return Labels(places=places.astype(np.int64), distances=np.sqrt(squares[np.arange(len(values)), places]))


def _mixture(values: Floats, groups: int, seed: int, starts: int) -> GaussianMixture:
    return GaussianMixture(
        groups, covariance_type="tied", n_init=starts, random_state=seed, max_iter=100, reg_covar=1e-3
    ).fit(values)
