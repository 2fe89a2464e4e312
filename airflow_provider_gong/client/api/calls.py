"""Requests about calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_gong.client.answers import JsonObject
from airflow_provider_gong.client.errors import (
    GongDuplicateCallError,
    GongError,
    GongMediaAlreadyHandledError,
)
from airflow_provider_gong.client.media import MediaFile
from airflow_provider_gong.client.models import (
    Call,
    CallFilter,
    CallTranscript,
    ContentSelector,
    CreatedCall,
    ExtensiveCall,
    NewCall,
    UploadedMedia,
    parse_request,
)
from airflow_provider_gong.client.requests import GongRequest, Listing, raw_request, typed_request

# Gong's page size; more ids than that in one filter would only come back in pages.
MAX_CALL_IDS = 100


def create_call(call: NewCall | Mapping[str, Any]) -> GongRequest[CreatedCall]:
    """``POST /v2/calls``; raises ``GongValidationError`` before anything is sent."""
    body = parse_request(NewCall, call).wire()

    def settle(error: GongError) -> CreatedCall | None:
        return CreatedCall(call_id=error.call_id) if isinstance(error, GongDuplicateCallError) else None

    return typed_request("addCall", CreatedCall.model_validate, body=body, settle=settle)


def upload_call_media(call_id: str, media: MediaFile) -> GongRequest[UploadedMedia]:
    """``PUT /v2/calls/{id}/media``: the recording of a call that has none yet."""

    def settle(error: GongError) -> UploadedMedia | None:
        return UploadedMedia(call_id=call_id) if isinstance(error, GongMediaAlreadyHandledError) else None

    return typed_request(
        "addCallRecording", UploadedMedia.model_validate, path={"id": call_id}, media=media, settle=settle
    )


def get_call(call_id: str) -> GongRequest[Call]:
    """``GET /v2/calls/{id}``."""
    return typed_request("getCall", lambda answer: Call.model_validate(answer["call"]), path={"id": call_id})


def list_calls(window: CallFilter | Mapping[str, Any]) -> Listing[Call]:
    """``GET /v2/calls``: basic data of the calls of a time window, which Gong requires here."""
    query = parse_request(CallFilter, window).wire()
    return Listing(raw_request("listCalls", query=query), Call.model_validate)


def list_calls_extensive(
    filters: CallFilter | Mapping[str, Any], selector: ContentSelector | Mapping[str, Any] | None = None
) -> Listing[ExtensiveCall]:
    """``POST /v2/calls/extensive``: calls with the blocks that the selector names."""
    body: JsonObject = {"filter": parse_request(CallFilter, filters).wire()}
    if selector is not None:
        body["contentSelector"] = parse_request(ContentSelector, selector).wire()
    return Listing(raw_request("listCallsExtensive", body=body), ExtensiveCall.model_validate)


def list_call_transcripts(filters: CallFilter | Mapping[str, Any]) -> Listing[CallTranscript]:
    """``POST /v2/calls/transcript``."""
    body = {"filter": parse_request(CallFilter, filters).wire()}
    return Listing(raw_request("getCallTranscripts", body=body), CallTranscript.model_validate)
