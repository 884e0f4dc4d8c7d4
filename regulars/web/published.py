"""What the OpenAPI document says besides what the framework knows: what the gateway takes, faults as we answer them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from regulars import collect
from regulars.collect import Wire
from regulars.web.errors import PROFILES

Said = dict[str, Any]
WRITE_KEY = "WriteKey"
SERVER_KEY = "ServerKey"
SESSION = "Session"
SCOPE = "x-scope"
"""What a server key needs for an operation."""
RETRY_AFTER: dict[str, Any] = {
    "Retry-After": {"description": "Seconds to wait.", "required": True, "schema": {"type": "integer", "minimum": 1}}
}
TEXT: Said = {"type": "string"}
KINDS = ("identify", "track", "page", "screen", "group", "alias")
TEXTS = ("messageId", "userId", "anonymousId", "previousId", "groupId", "event", "name", "timestamp")
REFUSALS = {
    "400": "The request is no JSON that can be read; it was kept as a refusal.",
    "401": "The write key is missing or not known.",
    "403": "The page that sends is not on the key's list.",
    "413": "The request or the batch is over its limit.",
    "429": "Too many requests for this key, or unknown keys from this address; Retry-After says when to come again.",
    "503": "The journal cannot be written now; nothing was stored. Retry-After says when to come again.",
}
UNDELIVERED = {
    "400": "The delivery did not come whole.",
    "401": "The signature is not right; nothing was kept.",
    "404": "No webhook is expected at this address.",
    "413": "The delivery is over its limit.",
    "503": "The delivery cannot be kept now; Retry-After says when to come again.",
}
REFUSED_ENTRY = {
    "401": "Nobody is signed in, or the key is not known.",
    "403": "Who asks may not, the key has not the scope (RG-1809 names it), or the form that asks is not ours.",
    "429": "The key asks more often than it may; Retry-After says when to come again.",
}
REFUSED_QUESTION = {
    "400": "The request cannot be read, or asks for what cannot be.",
    "404": "What it names is not there.",
    "409": "What it names stands otherwise by now, or is taken.",
}
MESSAGE: Said = {
    "type": "object",
    "properties": {
        **dict.fromkeys(TEXTS, TEXT),
        **{name: {"type": "object"} for name in ("properties", "traits", "context")},
    },
}
BATCH: Said = {
    "type": "object",
    "required": ["batch"],
    "properties": {
        "batch": {
            "type": "array",
            "items": {**MESSAGE, "properties": MESSAGE["properties"] | {"type": {"enum": list(KINDS)}}},
        },
        "context": {"type": "object"},
        "sentAt": {"type": "string"},
    },
}
COUNTS: Said = {
    "type": "object",
    "required": ["success", "accepted", "duplicates", "refused"],
    "properties": {
        "success": {"const": True},
        **{name: {"type": "integer", "minimum": 0} for name in ("accepted", "duplicates", "refused")},
    },
}
FAULT: Said = {
    "type": "object",
    "required": ["success", "code", "message"],
    "properties": {
        "success": {"const": False},
        "code": {"type": "string", "pattern": "^RG-[0-9]{4}$"},
        "message": TEXT,
    },
}
SITE_FAULT: Said = {
    "type": "object",
    "required": ["what", "fix", "code"],
    "properties": {
        "what": TEXT,
        "fix": TEXT,
        "code": {"type": "string", "pattern": "^RG-[0-9]{4}$"},
    },
}
PROFILES_FAULT: Said = {
    "type": "object",
    "required": [*SITE_FAULT["required"], "error"],
    "properties": SITE_FAULT["properties"]
    | {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {"code": {"type": "string", "pattern": "^[a-z_]+$"}, "message": TEXT},
        }
    },
}
"""In the words of Segment's Profile API, and in ours."""
HEALTH: Said = {
    "type": "object",
    "required": ["success", "waiting"],
    "properties": {"success": {"type": "boolean"}, "waiting": {"type": "integer", "minimum": 0}},
}
KEPT: Said = {"type": "object", "required": ["success"], "properties": {"success": {"const": True}}}
SCHEMES: Said = {
    WRITE_KEY: {"type": "http", "scheme": "basic", "description": "The write key as user, no password."},
    SERVER_KEY: {"type": "http", "scheme": "bearer", "description": "A server key, made under API."},
    SESSION: {"type": "apiKey", "in": "cookie", "name": "regulars_session", "description": "Who is signed in."},
}


def documented(schema: Said, scopes: Mapping[tuple[str, str], str]) -> Said:
    """The OpenAPI document of the site with what the gateway takes, and with the faults as we answer them.

    `scopes`: path and method to what a server key needs there.
    """
    schema = _either(schema)
    components: Said = schema.get("components", {})
    site = {
        path: {method: _with_faults(path, operation, scopes[path, method]) for method, operation in methods.items()}
        for path, methods in schema.get("paths", {}).items()
    }
    return schema | {
        "paths": site | paths(),
        "components": components | {"securitySchemes": components.get("securitySchemes", {}) | SCHEMES},
    }


def _either(part: Any) -> Any:
    """The same with unions that may fit several of their parts: the framework says `oneOf` of all of them."""
    if isinstance(part, dict):
        given = cast(Said, part)
        return {"anyOf" if name == "oneOf" else name: _either(each) for name, each in given.items()}
    return [_either(each) for each in cast(list[Any], part)] if isinstance(part, list) else part


def _with_faults(path: str, operation: Said, scope: str) -> Said:
    """An operation of the site: the framework believes that faults are answered in its own words."""
    asks = "requestBody" in operation or operation.get("parameters")
    refused = REFUSED_ENTRY | (REFUSED_QUESTION if asks else {})
    fault = PROFILES_FAULT if path.startswith(PROFILES) else SITE_FAULT
    faults = {status: _answer(words, fault) for status, words in refused.items()}
    faults["429"] |= {"headers": RETRY_AFTER}
    return operation | {
        SCOPE: scope,
        "security": [{SERVER_KEY: [scope]}, {SESSION: []}],
        "responses": operation["responses"] | faults,
    }


def paths() -> Said:
    """Path to operations of the gateway."""
    taken = {f"/v1/{kind}": _post(kind, f"Take one {kind} message.", MESSAGE) for kind in KINDS}
    batch = _post("batch", "Take up to 2,500 messages; each is judged by itself.", BATCH)
    found: Said = {"/v1/batch": batch, **taken}
    for name, wire in collect.wires.items():
        for path in wire.paths:
            found[path] = {method.lower(): _of_wire(name, path, method, wire) for method in wire.methods}
    health = {
        "summary": "Is the journal written?",
        "operationId": "gatewayHealth",
        "responses": {"200": _answer("It is.", HEALTH), "503": _answer("It is not.", HEALTH)},
    }
    return found | {"/hooks/{source}": {"post": _delivery()}, "/health": {"get": health}}


def _post(name: str, says: str, body: Said) -> Said:
    body_of = {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}}
    return {"post": _operation(f"gateway{name.title()}", says, _answer("It is on the disk.", COUNTS)) | body_of}


def _of_wire(name: str, path: str, method: str, wire: Wire) -> Said:
    """What a plug-in of the shelf says of itself."""
    done: Said = _answer("It is on the disk.", COUNTS)
    if wire.answer:
        done = {"description": "It is on the disk.", "content": {wire.answer[0].decode(): {}}}
    title = "".join(part for part in f"{name} {path}".title() if part.isalnum())
    operation = _operation(f"gateway{title}{method.title()}", wire.takes.says, done)
    places = {"header": wire.takes.headers, "query": wire.takes.query if method == "GET" else ()}
    operation["parameters"] = [
        {"name": field, "in": place, "schema": TEXT} for place, fields in places.items() for field in fields
    ]
    if method == "POST":
        content = {kind: {"schema": schema} for kind, schema in wire.takes.content} or {"application/json": {}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _delivery() -> Said:
    """What vendors post."""
    source = {"name": "source", "in": "path", "required": True, "schema": TEXT}
    answers = {status: _answer(words, FAULT) for status, words in UNDELIVERED.items()}
    return {
        "summary": "Take a delivery of a vendor, signed with the secret of the source. 200 is said after the commit.",
        "operationId": "gatewayDelivery",
        "parameters": [source],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {}}}},
        "responses": {"200": _answer("It is on the disk.", KEPT)} | answers,
    }


def _operation(ident: str, says: str, done: Said) -> Said:
    faults = {status: _answer(words, FAULT) for status, words in REFUSALS.items()}
    return {
        "summary": f"{says} 200 is said after the commit.",
        "operationId": ident,
        "security": [{WRITE_KEY: []}],
        "responses": {"200": done} | faults,
    }


def _answer(words: str, schema: Said) -> Said:
    return {"description": words, "content": {"application/json": {"schema": schema}}}
