"""Maximum likelihood over positive parameters: the search that all models share."""

# SciPy and threadpoolctl carry no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from regulars.analyze.purchases import Floats

MAX_STEPS = 1_000
# Slope of the log-likelihood a customer below which the maximum is found.
TOLERANCE = 1e-10


def maximize(
    likelihood: Callable[[Floats], tuple[float, Floats]],
    start: Sequence[float],
    log_bounds: Sequence[tuple[float, float]],
    customers: float,
) -> tuple[list[float], float]:
    """The parameters with the highest log-likelihood, and that; `likelihood` gives value and slope.

    Searched in logarithms, so that no parameter can leave the positive numbers.
    """

    def loss(logs: Floats) -> tuple[float, Floats]:
        values = np.exp(logs)
        value, slope = likelihood(values)
        return -value / customers, -slope * values / customers

    # Four numbers need no threads, and on a busy machine they wait for each other: 0.6 s instead of 0.03.
    with threadpool_limits(limits=1):
        found = minimize(
            loss,
            np.log(start),
            jac=True,
            method="L-BFGS-B",
            bounds=log_bounds,
            options={"maxiter": MAX_STEPS, "ftol": 1e-15, "gtol": TOLERANCE},
        )
    return [float(value) for value in np.exp(found.x)], float(-found.fun * customers)
