"""What can go wrong at the door: RG-1100 to RG-1129 name one refused event, RG-1130 and up a whole request or call."""

from regulars.kit.errors import RegularsError

# One refused event: a row in `refusal`. The reference explains each by this code.
NOT_AN_OBJECT = "RG-1101"
UNKNOWN_TYPE = "RG-1102"
NOBODY_NAMED = "RG-1103"
FIELD_MISSING = "RG-1104"
FIELD_WRONG = "RG-1105"
TOO_LARGE = "RG-1106"
TIME_UNREADABLE = "RG-1107"
FAR_FUTURE = "RG-1108"
NOT_STORABLE = "RG-1109"
SAME_ID_OTHER_BODY = "RG-1110"
NOT_JSON = "RG-1111"
ROW_UNREADABLE = "RG-1112"
STOPPED = "RG-1113"
AMOUNT_UNREADABLE = "RG-1114"
REQUEST_OVER_LIMIT = "RG-1144"
ROW_WITHOUT_CURSOR = "RG-1205"


class RequestUnreadable(RegularsError):
    """The request is not the JSON we take; nothing of it was stored but a refusal."""

    code = "RG-1130"
    status = 400


class KeyRefused(RegularsError):
    """No write key, or one we do not know or that has expired."""

    code = "RG-1131"
    status = 401


class RequestTooLarge(RegularsError):
    """The request is over a stated limit; nothing of it was stored."""

    code = "RG-1132"
    status = 413


class TooManyAttempts(RegularsError):
    """This address tried too many unknown keys."""

    code = "RG-1133"
    status = 429


class QueueFull(RegularsError):
    """More events wait for the journal than we hold; nothing of this request was stored."""

    code = "RG-1134"
    status = 503


class JournalAway(RegularsError):
    """The database does not answer in time; nothing of this request was acknowledged, so it is to be sent again."""

    code = "RG-1135"
    status = 503


class MappingRefused(RegularsError):
    """A mapping file cannot be used; every fault of it is named."""

    code = "RG-1136"


class FileRefused(RegularsError):
    """A file cannot be read in its format, or not safely."""

    code = "RG-1137"


class DeliveryUnreadable(RegularsError):
    """A webhook's delivery is genuine, but its mapping cannot make events of it; it is kept and can be mapped again."""

    code = "RG-1155"


class DeliveryUnverified(RegularsError):
    """A webhook's request does not carry the signature of whoever knows its secret; it was counted and not kept."""

    code = "RG-1156"
    status = 401


class WebhookMissing(RegularsError):
    """Nothing is expected at this address under /hooks/."""

    code = "RG-1157"
    status = 404


class FlowStandsStill(RegularsError):
    """So many events cannot be carried that setting them aside would hide a fault of ours; nothing is lost."""

    code = "RG-1139"
    status = 503


class SourceRefused(RegularsError):
    """A source cannot be made or found as asked."""

    code = "RG-1138"


class WithdrawalRefused(RegularsError):
    """Events cannot be withdrawn as asked."""

    code = "RG-1175"


class PlanRefused(RegularsError):
    """A tracking plan cannot be used; every fault of it is named."""

    code = "RG-1185"


class ImportRefused(RegularsError):
    """An import cannot be taken up or undone in the state it is in."""

    code = "RG-1165"


class SystemRefused(RegularsError):
    """A system cannot be put into the inventory, or taken out, as asked."""

    code = "RG-1180"


class RateExceeded(RegularsError):
    """A key is used faster than it may be; nothing of this request was done, so it is to be sent again later."""

    code = "RG-1140"
    status = 429

    def __init__(self, what: str, fix: str, after_seconds: int) -> None:
        super().__init__(what, fix)
        self.after_seconds = after_seconds


class OriginRefused(RegularsError):
    """A page that is not on the key's list sent with it; nothing was stored but a refusal."""

    code = "RG-1141"
    status = 403


class GatewayBroke(RegularsError):
    """A fault of ours; nothing of this request was acknowledged."""

    code = "RG-1142"
    status = 500


class PathMissing(RegularsError):
    """Nothing is sent to this path, or not with this method."""

    code = "RG-1143"
    status = 404


class MethodRefused(RegularsError):
    """This path is not asked with this method."""

    code = "RG-1145"
    status = 405


class StreamRefused(RegularsError):
    """A stream cannot be added or found as asked."""

    code = "RG-1195"


class StreamAway(RegularsError):
    """A broker does not answer, or does not let us in; it is tried again, and nothing is lost meanwhile."""

    code = "RG-1196"
    status = 503


class StreamLibraryMissing(RegularsError):
    """A stream needs a library that is not installed."""

    code = "RG-1197"


class UploadRefused(RegularsError):
    """A file cannot be received; nothing of it was kept."""

    code = "RG-1166"
    status = 413


class FilesBusy(RegularsError):
    """As many files are being looked into as this machine has memory for."""

    code = "RG-1187"
    status = 503


class MendRefused(RegularsError):
    """Refused messages cannot be mended or sent again as asked; nothing was sent."""

    code = "RG-1186"


class PullRefused(RegularsError):
    """A pull cannot be kept or run as asked."""

    code = "RG-1167"


class PullBusy(RegularsError):
    """The pull is running already, started by somebody else."""

    code = "RG-1188"
    status = 409


class PullAway(RegularsError):
    """A database or service does not answer, or not as the definition says; what came before stays."""

    code = "RG-1168"
    status = 503


class PullLibraryMissing(RegularsError):
    """Pulling needs a library that is not installed."""

    code = "RG-1169"


class StopRefused(RegularsError):
    """The stop list cannot be changed as asked; nothing of it was kept."""

    code = "RG-1170"
