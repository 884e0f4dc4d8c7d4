"""What the tables of this folder hold about customers."""

from regulars.model import Hangs, Holding, Impersonal

STAFF = "people of the brand who sign in, no customers"

DECLARED = (
    Holding(
        table="audit_log",
        title="When our staff or programs looked you up or changed something",
        hangs=Hangs.NAME,
        keys=("object",),
        told=("at", "action"),
        kept=("id", "account", "who", "role", "note"),
        why_kept="names our staff",
    ),
    Impersonal("account", STAFF),
    Impersonal("session", STAFF),
    Impersonal("sign_in_try", STAFF),
    Impersonal("sign_in_token", STAFF),
    Impersonal("server_key", "programs of the brand"),
)
