"""MBG/NBD: a customer may leave after each purchase, the first included; so one who never came back may be gone.

Source: Batislam, Denizel & Filiztekin, International Journal of Research in Marketing 24 (2007).
"""

from regulars.analyze.purchases import purchase_models
from regulars.analyze.purchases.beta_geometric import BetaGeometric

MODEL = BetaGeometric("mbg-nbd", "MBG/NBD", "Batislam, Denizel & Filiztekin, IJRM 24 (2007)", first=1)
purchase_models.add(MODEL.name)(MODEL)
