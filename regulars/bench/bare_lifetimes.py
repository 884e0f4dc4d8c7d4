"""`lifetimes` by itself, in a process of its own: its BG/NBD and Gamma-Gamma fitters on one row a customer.

python -m regulars.bench.bare_lifetimes FOLDER      x, t_x, t and mean as .npy files in the folder
"""

# It carries no types.
# pyright: reportMissingImports=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

import sys
import time
import warnings
from pathlib import Path
from typing import Any

import msgspec
import numpy as np


def run(folder: Path) -> dict[str, Any]:
    """Seconds and log-likelihood of each fit, and the parameters."""
    from lifetimes import BetaGeoFitter, GammaGammaFitter

    x, t_x, t, mean = (np.load(folder / f"{name}.npy") for name in ("x", "t_x", "t", "mean"))
    back = x > 0
    purchases, seconds_purchases = _fitted(BetaGeoFitter(), x, t_x, t)
    money, seconds_money = _fitted(GammaGammaFitter(), x[back], mean[back])
    # What it keeps is a mean, and of BG/NBD in a unit of time of its own: asked again in ours.
    logs = np.log([float(purchases.params_[name]) for name in ("r", "alpha", "a", "b")])
    weights = np.ones_like(x)
    lost = purchases._negative_log_likelihood(logs, x, t_x, t, weights, 0)
    return {
        "seconds": {"bg_nbd": seconds_purchases, "gamma_gamma": seconds_money},
        "log_likelihood": {
            "bg_nbd": -float(lost) * len(x),
            "gamma_gamma": -float(money._negative_log_likelihood_) * int(back.sum()),
        },
        "params": {name: float(value) for name, value in {**purchases.params_, **money.params_}.items()},
    }


def _fitted(fitter: Any, *columns: Any) -> tuple[Any, float]:
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitter.fit(*columns)
    return fitter, time.perf_counter() - start


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(run(Path(sys.argv[1]))))
