"""What the gateway answers, as OpenAPI: it stands before the framework, which therefore cannot tell it by itself."""

from __future__ import annotations

from typing import Any

SECURITY = "WriteKey"
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
MESSAGE: dict[str, Any] = {
    "type": "object",
    "properties": {
        **{name: {"type": "string"} for name in TEXTS},
        **{name: {"type": "object"} for name in ("properties", "traits", "context")},
    },
}
BATCH: dict[str, Any] = {
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
COUNTS: dict[str, Any] = {
    "type": "object",
    "required": ["success", "accepted", "duplicates", "refused"],
    "properties": {
        "success": {"const": True},
        **{name: {"type": "integer", "minimum": 0} for name in ("accepted", "duplicates", "refused")},
    },
}
FAULT: dict[str, Any] = {
    "type": "object",
    "required": ["success", "code", "message"],
    "properties": {
        "success": {"const": False},
        "code": {"type": "string", "pattern": "^RG-[0-9]{4}$"},
        "message": {"type": "string"},
    },
}
HEALTH: dict[str, Any] = {
    "type": "object",
    "required": ["success", "waiting"],
    "properties": {"success": {"type": "boolean"}, "waiting": {"type": "integer", "minimum": 0}},
}


def documented(schema: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI document of the site with what the gateway takes."""
    security = {SECURITY: {"type": "http", "scheme": "basic", "description": "The write key as user, no password."}}
    components: dict[str, Any] = schema.get("components", {})
    return schema | {
        "paths": schema.get("paths", {}) | paths(),
        "components": components | {"securitySchemes": components.get("securitySchemes", {}) | security},
    }


def paths() -> dict[str, Any]:
    """Path to operations."""
    taken = {f"/v1/{kind}": _operation(kind, f"Take one {kind} message.", MESSAGE) for kind in KINDS}
    health = {
        "summary": "Is the journal written?",
        "operationId": "gatewayHealth",
        "responses": {"200": _answer("It is.", HEALTH), "503": _answer("It is not.", HEALTH)},
    }
    return {
        "/v1/batch": _operation("batch", "Take up to 2,500 messages; each is judged by itself.", BATCH),
        **taken,
        "/health": {"get": health},
    }


def _operation(name: str, says: str, body: dict[str, Any]) -> dict[str, Any]:
    said = {status: _answer(words, FAULT) for status, words in REFUSALS.items()}
    operation: dict[str, Any] = {
        "summary": f"{says} 200 is said after the commit.",
        "operationId": f"gateway{name.title()}",
        "security": [{SECURITY: []}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {"200": _answer("It is on the disk.", COUNTS)} | said,
    }
    return {"post": operation}


def _answer(words: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": words, "content": {"application/json": {"schema": schema}}}
