"""How they use the web store: pages, searches, lists, offers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from regulars.analyze.personas.lenses import Feature, lenses
from regulars.analyze.scores import TraitTable


class Web:
    """Customers who were seen in the web store in the last 90 days."""

    name = "web"
    title = "How they use the web store"
    question = "What do our customers come to the web store for?"
    middle = "Passers-by"
    judged_by = "were seen in the web store in the last 90 days"
    features: tuple[Feature, ...] = (
        Feature(
            trait="page_views_90",
            shape="count",
            people="Browsers",
            much_is="look at many pages",
            little_is="look at few pages",
        ),
        Feature(
            trait="searches_90",
            shape="count",
            people="Searchers",
            much_is="search for what they want",
            little_is="seldom search",
        ),
        Feature(
            trait="list_adds_90",
            shape="count",
            people="List makers",
            much_is="keep lists",
            little_is="seldom keep lists",
        ),
        Feature(
            trait="promotion_clicks_90",
            shape="count",
            people="Offer hunters",
            much_is="follow offers",
            little_is="seldom follow offers",
        ),
    )

    def can_judge(self, table: TraitTable) -> NDArray[np.bool_]:
        return np.any([np.nan_to_num(table[feature.trait]) > 0 for feature in self.features], axis=0)


lenses.add(Web.name)(Web())
