"""Operators for single calls."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._operator import required_gong_id, required_place
from airflow_provider_gong._text import shown
from airflow_provider_gong.call_import.choices import OnExisting, OnExistingName
from airflow_provider_gong.client.errors import GongMediaAlreadyHandledError
from airflow_provider_gong.hooks.gong import GongHook
from airflow_provider_gong.links import GongCallLink, call_url, push_call_url
from airflow_provider_gong.operators._tasks import task_key
from airflow_provider_gong.operators._waiting import WaitingTask

if TYPE_CHECKING:
    import os

    from airflow_provider_gong._compat import Context, ObjectStoragePath
    from airflow_provider_gong.client.media import MediaPath
    from airflow_provider_gong.ledger.ledger import Ledger
    from airflow_provider_gong.ledger.rows import ImportRow


class GongCreateCallOperator(WaitingTask):
    """
    Create a call (``POST /v2/calls``). Gong's API cannot change or delete it afterwards.

    Gong accepts each ``clientUniqueId`` once, so a retry never creates a second call. Before the call is sent, it is
    recorded in the store of the Gong connection, so a retry recognizes the call of an earlier attempt. A call that
    someone else created may be a different call, because phone systems can reuse ids. By default, the task then fails
    with the call's id in the error.

    Returns ``call_id`` and ``request_id``, which is None for an existing call, and adds a link to the call to the task.

    :param call: the call, with Gong's field names (``clientUniqueId``), in snake_case, or with other common names
        (templated)
    :param on_existing: what to do if a call with this ``clientUniqueId`` exists: ``resume`` returns the call if an
        earlier attempt of this task created it, and fails otherwise; ``complete`` returns any call, unless it can be
        read and has another start or host, which is right only if ids are never reused; ``skip`` returns its id,
        whatever its content; ``fail`` fails
    :param gong_conn_id: Airflow connection of type ``gong`` (templated)
    :param deferrable: wait in the triggerer while the company's requests are used up; default: Airflow's setting
    :raises AirflowFailException: if the call is not valid, exists, or is refused by Gong; the task is not retried
    """

    template_fields = ("call", "gong_conn_id")
    template_fields_renderers = {"call": "json"}  # noqa: RUF012 - Airflow's own declaration
    operator_extra_links = (GongCallLink(),)

    def __init__(
        self,
        *,
        call: Mapping[str, Any],
        on_existing: OnExistingName = "resume",
        gong_conn_id: str = GongHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.call = call
        self.on_existing = OnExisting.of("on_existing", on_existing)
        self.gong_conn_id = gong_conn_id

    def work(self, context: Context) -> dict[str, Any]:
        """Create the call, or return the one that an earlier attempt created."""
        from airflow_provider_gong.client.models import NewCall, parse_request
        from airflow_provider_gong.operators.record.call_record import CallRecord

        record = CallRecord(context)
        call = parse_request(NewCall, self.call)
        with GongHook(self.gong_conn_id) as hook:
            result = record.create(hook, call, self.on_existing)
            _show_call(self, context, hook, result["call_id"])
        return result


class GongUploadCallMediaOperator(WaitingTask):
    """
    Upload the recording of a call that has none yet (``PUT /v2/calls/{id}/media``).

    The recording is streamed, without a temporary file. Gong responds when it has accepted the recording, but may later
    drop it silently if it is short, silent or a duplicate. Wait for the call with ``GongCallProcessedSensor``.

    If the call already has a recording, the task succeeds, because an earlier attempt whose worker died may have
    uploaded it.

    Returns ``call_id``, ``url`` (None if the call already had a recording), and ``sha256`` and ``bytes`` of the
    recording; the hash is None if Gong responded before the whole file was read.

    :param call_id: Gong's id of the call, as text (templated)
    :param media: path, or URL on any object storage that Airflow supports, such as
        ``s3://aws_default@recordings/1.wav`` (templated); WAV, MP3, MP4, MKV or FLAC, at most 1.5 GB
    :param gong_conn_id: Airflow connection of type ``gong`` (templated)
    :param deferrable: wait in the triggerer while the company's requests are used up; default: Airflow's setting
    :raises AirflowFailException: if Gong refuses the recording; the task is not retried
    """

    template_fields = ("call_id", "media", "gong_conn_id")
    operator_extra_links = (GongCallLink(),)

    def __init__(
        self,
        *,
        call_id: str,
        media: str | os.PathLike[str] | ObjectStoragePath,
        gong_conn_id: str = GongHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.call_id = call_id
        self.media = media
        self.gong_conn_id = gong_conn_id

    def work(self, context: Context) -> dict[str, Any]:
        """Upload the recording."""
        from airflow_provider_gong.hooks.object_storage import ObjectStorage

        call_id = required_gong_id("call_id", self.call_id)
        recording = ObjectStorage().file(required_place("media", self.media))
        with GongHook(self.gong_conn_id) as hook:
            try:
                url = hook.calls.upload_media(call_id, recording).url
            except GongMediaAlreadyHandledError:
                self.log.warning("Call %s already has a recording and keeps it.", shown(call_id))
                url = None
            _show_call(self, context, hook, call_id, url)
        return {"call_id": call_id, "url": url, "sha256": recording.sha256, "bytes": recording.size}


class GongUploadCallOperator(WaitingTask):
    """
    Create a call and upload its recording in one step (``POST /v2/calls`` and ``PUT /v2/calls/{id}/media``).

    The call and the recording are checked before anything is sent. The call is first recorded in the store of the Gong
    connection, so a retry after a crash finds the existing call and finishes it.

    After Gong has accepted a recording, it may drop it silently if it is a duplicate or has no speech. Wait for the
    call with ``GongCallProcessedSensor``.

    Returns ``call_id``, ``state`` (``uploaded``; ``exists`` for a call that this operator neither created nor changed;
    or the state of the same call in an earlier import), ``sha256`` of the recording and ``url`` of the call (None if
    unknown), and adds a link to the call to the task. An existing call that Gong is still processing cannot be compared
    yet, whatever the ``state``: compare its start and host after ``GongCallProcessedSensor``.

    :param call: the call, with Gong's field names (``clientUniqueId``) or in snake_case (templated)
    :param media: path, or URL on any object storage that Airflow supports, such as
        ``s3://aws_default@recordings/1.wav`` (templated); WAV, MP3, MP4, MKV or FLAC, at least 60 s and at most 1.5 GB
    :param on_existing: what to do if a call with this ``clientUniqueId`` exists: ``resume`` continues a call that an
        earlier attempt created, does not change the same call if someone else created it with a recording, and fails
        for a different call; ``complete`` also uploads the recording if someone else's call has none, which is right
        only if ids are never reused; ``skip`` does not change any existing call; ``fail`` fails
    :param gong_conn_id: Airflow connection of type ``gong`` (templated)
    :param deferrable: wait in the triggerer while the company's requests are used up; default: Airflow's setting
    :raises AirflowFailException: if the call or its recording is not valid or is refused by Gong; the task is not
        retried
    """

    template_fields = ("call", "media", "gong_conn_id")
    template_fields_renderers = {"call": "json"}  # noqa: RUF012 - Airflow's own declaration
    operator_extra_links = (GongCallLink(),)

    def __init__(
        self,
        *,
        call: Mapping[str, Any],
        media: str | os.PathLike[str] | ObjectStoragePath,
        on_existing: OnExistingName = "resume",
        gong_conn_id: str = GongHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.call = call
        self.media = media
        self.on_existing = OnExisting.of("on_existing", on_existing)
        self.gong_conn_id = gong_conn_id

    def work(self, context: Context) -> dict[str, Any]:
        """Send the call, or finish the call of an earlier attempt."""
        from airflow_provider_gong.call_import.upload.single import plan_single_call
        from airflow_provider_gong.hooks.object_storage import ObjectStorage
        from airflow_provider_gong.ledger.ledger import Ledger
        from airflow_provider_gong.operators.record.call_record import UploadRecord

        record = UploadRecord(context)
        with GongHook(self.gong_conn_id) as hook:
            recording = ObjectStorage().path(required_place("media", self.media))
            ledger = Ledger(hook.store, hook.settings.require_company(), task_key(context))
            row = plan_single_call(ledger, self.call, recording)
            result = record.upload(
                ledger,
                row,
                lambda sent_before: asyncio.run(self._send(hook, ledger, recording, sent_before=sent_before)),
            )
            _show_call(self, context, hook, result["call_id"], result["url"])
        return result

    async def _send(self, hook: GongHook, ledger: Ledger, recording: MediaPath, *, sent_before: bool) -> ImportRow:
        from airflow_provider_gong.call_import.upload.single import upload_single_call

        async with hook.async_client() as client:
            return await upload_single_call(
                ledger, client, recording, on_existing=self.on_existing, sent_before=sent_before
            )


def _show_call(
    task: WaitingTask, context: Context, hook: GongHook, call_id: str | None, url: str | None = None
) -> None:
    """Log a call's id and URL, and link the task to its page."""
    if call_id is None:
        return
    page = url or call_url(hook.base_url, call_id)
    task.log.info("Call %s%s", shown(call_id), f": {shown(page)}" if page else "")
    push_call_url(context, page)
