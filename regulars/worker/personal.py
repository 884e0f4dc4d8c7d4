"""What the tables of this folder hold about customers."""

from regulars.model import Impersonal

DECLARED = (Impersonal("pace", "when the worker did what"),)
