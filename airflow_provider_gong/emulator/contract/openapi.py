"""The emulator's own OpenAPI document, made from the table of operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_gong.emulator.contract.notation import Field, schemas
from airflow_provider_gong.emulator.contract.operations import Operation

_ID = r"^-?[0-9]{1,19}$"
_PLAIN: Mapping[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "datetime": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "integer": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    # Typed as numbers in Gong's reference, and strings on the wire.
    "long": {"anyOf": [{"type": "integer", "format": "int64"}, {"type": "string", "pattern": _ID}]},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "any": {},
    "binary": {"type": "string", "contentMediaType": "application/octet-stream"},
}
_BOUNDS = {
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
    "integer": ("minimum", "maximum"),
    "number": ("minimum", "maximum"),
}
_ERRORS = ("400", "401", "404", "429", "500")


def openapi_document(operations: Sequence[Operation], token_path: str, url: str) -> dict[str, Any]:
    """
    Return the document of what an emulator serves.

    :param token_path: where OAuth tokens are fetched
    :param url: the address of the emulator
    """
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation)
    scopes = {scope: "" for operation in operations for scope in operation.scopes}
    oauth = {"authorizationUrl": "/oauth2/authorize", "tokenUrl": token_path, "scopes": scopes}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Gong emulator", "version": "v2", "description": "The API of the Gong emulator."},
        "servers": [{"url": url}],
        "security": [{"accessKey": []}, {"oauth": []}],
        "paths": paths,
        "components": {
            "schemas": {name: _schema(field) for name, field in schemas().items()},
            "securitySchemes": {
                "accessKey": {"type": "http", "scheme": "basic"},
                "oauth": {"type": "oauth2", "flows": {"authorizationCode": oauth}},
            },
        },
    }


def _described(operation: Operation) -> dict[str, Any]:
    errors = {status: _answer("An error", "ErrorResponse") for status in _ERRORS}
    query = [
        {"name": name, "in": "query", "required": field.required, "schema": _value(field)}
        for name, field in operation.query.items()
    ]
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "parameters": [*_path_parameters(operation), *query],
        "responses": {
            str(operation.status): _answer("Success", operation.reply, request_id=operation.request_id),
            "default": errors["400"],
            **errors,
        },
    }
    if operation.scopes:
        described["security"] = [{"accessKey": []}, {"oauth": list(operation.scopes)}]
    body = _body(operation)
    return {**described, "requestBody": body} if body else described


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    schema = {"type": "string"} if operation.text_ids else {"type": "string", "pattern": "^[0-9]{1,20}$"}
    names = operation.pattern.groupindex
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name in names]


def _body(operation: Operation) -> dict[str, Any] | None:
    if operation.body is not None:
        return {"required": True, "content": {"application/json": {"schema": _value(operation.body)}}}
    if operation.part is None:
        return None
    schema = {"type": "object", "required": [operation.part], "properties": {operation.part: _PLAIN["binary"]}}
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}


def _answer(description: str, schema: str, *, request_id: bool = True) -> dict[str, Any]:
    envelope = {"type": "object", "required": ["requestId"], "properties": {"requestId": {"type": "string"}}}
    content = {"allOf": [envelope, _reference(schema)]} if request_id else _reference(schema)
    return {"description": description, "content": {"application/json": {"schema": content}}}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _schema(field: Field) -> dict[str, Any]:
    fields = field.fields or {}
    required = [name for name, inner in fields.items() if inner.required or inner.needed]
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: _optional(inner) for name, inner in fields.items()},
    }
    return {**schema, "required": required} if required else schema


def _optional(field: Field) -> dict[str, Any]:
    value = _value(field)
    if field.required or field.needed or not value:
        return value
    return {"anyOf": [value, {"type": "null"}]}


def _value(field: Field) -> dict[str, Any]:
    if field.schema is not None:
        return dict(_reference(field.schema))
    if field.choices:
        return {"type": "string", "enum": list(field.choices)}
    items = _value(field.items) if field.items else {}
    match field.kind:
        case "array":
            value: dict[str, Any] = {"type": "array", "items": items}
        case "map":
            value = {"type": "object", "additionalProperties": items}
        case kind:
            value = dict(_PLAIN[kind])
    for name, bound in zip(_BOUNDS.get(field.kind, ()), (field.lowest, field.highest), strict=False):
        if bound is not None:
            value[name] = bound
    return value
