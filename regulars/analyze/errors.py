"""What the analysis room refuses, and how to mend it."""

from regulars.kit.errors import RegularsError


class TraitRefused(RegularsError):
    """A declared trait is not a fold, or names facts that do not exist; nothing is approximated silently."""

    code = "RG-1401"


class RuleRefused(RegularsError):
    """A segment rule cannot be read: an unknown trait, a wrong comparison, a value of another type."""

    code = "RG-1402"


class UnknownSegment(RegularsError):
    """There is no segment of this name."""

    code = "RG-1403"
    status = 404


class UnknownTrait(RegularsError):
    """There is no trait of this name."""

    code = "RG-1406"
    status = 404


class TransactionsRefused(RegularsError):
    """A file of transactions does not tell what a lifetime value is computed from."""

    code = "RG-1405"


class UnknownPersona(RegularsError):
    """There is no persona of this number."""

    code = "RG-1450"
    status = 404


class UnknownShift(RegularsError):
    """There is no shift of this number."""

    code = "RG-1452"
    status = 404


class PersonaRefused(RegularsError):
    """What is to be said of a persona cannot be: no name, a name too long, a name that another one has."""

    code = "RG-1451"


class TooManySegments(RegularsError):
    """More segments, or more numbers behind them, than every customer's row can hold."""

    code = "RG-1404"


class UnknownStage(RegularsError):
    """There is no stage of this name in the lifecycle, or a customer stands in none."""

    code = "RG-1420"
    status = 404


class ScoreUnknown(RegularsError):
    """There is no score of this name, no grade of it, or none of this customer."""

    code = "RG-1430"
    status = 404


class WeightsRefused(RegularsError):
    """The best customers cannot be weighed like that."""

    code = "RG-1431"


class SurveysRefused(RegularsError):
    """`surveys.yaml` cannot be read, or declares a question that nobody could answer."""

    code = "RG-1421"


class UnknownSurvey(RegularsError):
    """There is no survey of this name."""

    code = "RG-1422"
    status = 404


class FollowUpRefused(RegularsError):
    """A follow-up cannot become what was asked for."""

    code = "RG-1423"
    status = 409


class SegmentRefused(RegularsError):
    """A segment cannot be saved like this: its title is taken or none, or others rest on it."""

    code = "RG-1470"


class NotCountedYet(RegularsError):
    """Everybody's numbers are read into this process once after its start; until then nothing is counted over them."""

    code = "RG-1472"
    status = 409


class SegmentChanged(RegularsError):
    """Somebody else saved a newer version meanwhile; nothing of theirs is lost."""

    code = "RG-1471"
    status = 409
