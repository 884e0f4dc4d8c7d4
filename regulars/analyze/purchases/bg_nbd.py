"""BG/NBD: a customer may leave after each purchase but the first.

Source: Fader, Hardie & Lee, Marketing Science 24 (2005).
"""

from regulars.analyze.purchases import purchase_models
from regulars.analyze.purchases.beta_geometric import BetaGeometric

MODEL = BetaGeometric("bg-nbd", "BG/NBD", "Fader, Hardie & Lee, Marketing Science 24 (2005)", first=0)
purchase_models.add(MODEL.name)(MODEL)
