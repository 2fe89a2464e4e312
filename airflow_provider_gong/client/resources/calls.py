"""``client.calls``."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._text import shown
from airflow_provider_gong.client.answers import JsonObject
from airflow_provider_gong.client.errors import GongApiError, GongDuplicateCallError, GongMediaAlreadyHandledError
from airflow_provider_gong.client.instructions import OpenMedia
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
from airflow_provider_gong.client.resources.methods import ApiListing, ApiMethod, D, Resource

if TYPE_CHECKING:
    from airflow_provider_gong.client.instructions import Steps
    from airflow_provider_gong.client.media import AnyMedia

log = logging.getLogger(__name__)

# Gong's page size; the results for more ids would come in pages.
MAX_CALL_IDS = 100


class Calls(Resource[D]):
    """Calls, their recordings and transcripts."""

    @ApiMethod
    def create(self, call: NewCall | Mapping[str, Any]) -> Steps[CreatedCall]:
        """
        ``POST /v2/calls``: create a call. Gong's API cannot change or delete it afterwards.

        :param call: the call, with Gong's field names or in snake_case
        :raises GongValidationError: if the call is not valid, before anything is sent
        :raises GongDuplicateCallError: if a call with its ``clientUniqueId`` already exists, unless an attempt of this
            request whose response was lost has created it
        """
        new_call = parse_request(NewCall, call)
        for warning in new_call.warnings():
            log.warning("call %s", warning)
        created = yield from self._send(create_call(new_call))
        log.info("Created call %s with clientUniqueId %s.", shown(created.call_id), shown(new_call.client_unique_id))
        return created

    @ApiMethod
    def upload_media(self, call_id: str, media: AnyMedia) -> Steps[UploadedMedia]:
        """
        ``PUT /v2/calls/{id}/media``: stream the recording of a call that has none yet.

        :param call_id: Gong's id of the call
        :param media: the recording or its path; the hook also accepts URLs on any object storage that Airflow supports
        :raises FileNotFoundError: if there is no recording, before anything is sent
        :raises OSError: if it cannot be read, or changed while it was being sent
        """
        recording: MediaFile = yield OpenMedia(media)
        uploaded = yield from self._send(upload_call_media(call_id, recording))
        log.info("Uploaded %s bytes of %s to call %s.", recording.size, shown(recording.path.name), shown(call_id))
        return uploaded

    @ApiMethod
    def get(self, call_id: str) -> Steps[Call]:
        """
        ``GET /v2/calls/{id}``: read a call. Gong finds it only after it has processed the recording.

        :param call_id: Gong's id of the call
        :raises GongNotFoundError: if there is no such call, it is not processed yet, or the key may not see it
        """
        request = typed_request("getCall", lambda answer: Call.model_validate(answer["call"]), path={"id": call_id})
        return (yield from self._send(request))

    @ApiListing
    def list(self, window: CallFilter | Mapping[str, Any]) -> Listing[Call]:
        """
        ``GET /v2/calls``: yield basic data of calls.

        :param window: the time window, which Gong requires here, and a workspace if you want
        """
        query = parse_request(CallFilter, window).wire()
        return Listing(raw_request("listCalls", query=query), Call.model_validate)

    @ApiListing
    def list_extensive(
        self, filters: CallFilter | Mapping[str, Any], selector: ContentSelector | Mapping[str, Any] | None = None
    ) -> Listing[ExtensiveCall]:
        """
        ``POST /v2/calls/extensive``: yield calls with the blocks that you select.

        :param filters: which calls, by time, id, host or workspace
        :param selector: which blocks; default: only the metadata
        """
        body: JsonObject = {"filter": parse_request(CallFilter, filters).wire()}
        if selector is not None:
            body["contentSelector"] = parse_request(ContentSelector, selector).wire()
        return Listing(raw_request("listCallsExtensive", body=body), ExtensiveCall.model_validate)

    @ApiListing
    def list_transcripts(self, filters: CallFilter | Mapping[str, Any]) -> Listing[CallTranscript]:
        """
        ``POST /v2/calls/transcript``: yield transcripts.

        :param filters: which calls, by time, id or workspace
        """
        body = {"filter": parse_request(CallFilter, filters).wire()}
        return Listing(raw_request("getCallTranscripts", body=body), CallTranscript.model_validate)


def create_call(call: NewCall | Mapping[str, Any], *, resume: bool = True) -> GongRequest[CreatedCall]:
    """
    Return the request that creates a call.

    :param call: the call
    :param resume: after an attempt whose response was lost, treat a duplicate as created by this attempt; otherwise it
        is an error
    :raises GongValidationError: if the call is not valid
    """
    body = parse_request(NewCall, call).wire()

    def settle(error: GongApiError) -> CreatedCall | None:
        return CreatedCall(call_id=error.call_id) if resume and isinstance(error, GongDuplicateCallError) else None

    return typed_request("addCall", CreatedCall.model_validate, body=body, settle=settle)


def upload_call_media(call_id: str, media: MediaFile) -> GongRequest[UploadedMedia]:
    """Return the request that uploads the recording of a call."""

    def settle(error: GongApiError) -> UploadedMedia | None:
        return UploadedMedia(call_id=call_id) if isinstance(error, GongMediaAlreadyHandledError) else None

    return typed_request(
        "addCallRecording", UploadedMedia.model_validate, path={"id": call_id}, media=media, settle=settle
    )
