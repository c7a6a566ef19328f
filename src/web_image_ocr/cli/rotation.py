"""Implement ``web-image-ocr admin rotate-master-key``: start, continue, finish a rotation."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from web_image_ocr.api.wire.codec import wire_time
from web_image_ocr.cli.first_start import open_identity
from web_image_ocr.cli.options import AsJson, Config, DataDir
from web_image_ocr.cli.records import Record, show_record
from web_image_ocr.identity import Rotation, RotationPhase, RotationStatus
from web_image_ocr.primitives.audit import OPERATOR, AuditContext, audit_scope, audited
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.settings import load_settings
from web_image_ocr.telemetry.logging import configure

_PROGRESS_EVERY = 1000

_NEXT = {
    RotationPhase.NONE: "no rotation is in progress",
    RotationPhase.PREPARED: "back up the key file, copy it to every server of this database, "
    "then run this command with --copied",
    RotationPhase.RE_ENCRYPTING: "run this command again to re-encrypt the remaining keys",
    RotationPhase.WAITING: "back up the key file; the former key is needed for tokens until the "
    "time above, then run this command with --retire",
    RotationPhase.RETIRABLE: "run this command with --retire: no token needs the former key",
}


def rotate_master_key(
    *,
    copied: Annotated[
        bool,
        typer.Option("--copied", help="Confirm that every server has the key file with both keys."),
    ] = False,
    retire: Annotated[
        bool,
        typer.Option("--retire", help="Finish: refuse the former key and remove it from the file."),
    ] = False,
    now: Annotated[
        bool,
        typer.Option(
            "--now", help="With --retire: do not wait; revoke all tokens and temporary keys."
        ),
    ] = False,
    status: Annotated[
        bool, typer.Option("--status", help="Show the state of the rotation; change nothing.")
    ] = False,
    data_dir: DataDir = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Replace the master key while servers run.

    Add a new key to the key file, activate it and re-encrypt all access keys. Tokens and temporary
    keys stay valid. Run the command with --retire once they have expired. Run it again to continue
    after an interruption.
    """
    if (now and not retire) or sum((copied, retire, status)) > 1:
        raise typer.BadParameter(
            "--copied, --retire and --status exclude each other; --now needs --retire"
        )
    settings = load_settings(config, data_dir=data_dir)
    configure(settings.logging)
    with (
        closing(open_identity(settings, may_create=False)) as identity,
        audit_scope(AuditContext(actor=OPERATOR)),
    ):
        rotation = identity.rotation()
        if status:
            reached = rotation.status()
        else:
            reached = _change(rotation, copied=copied, retire=retire, now=now)
    show_record(_record(reached), as_json=as_json, note=f"Next: {_NEXT[reached.phase]}.")


@audited(
    "master_key_changed",
    fields=lambda reached: {"target": reached.state.in_use, "phase": reached.phase.value},
)
def _change(rotation: Rotation, *, copied: bool, retire: bool, now: bool) -> RotationStatus:
    if retire:
        rotation.retire(now=now, progress=_show_progress)
    else:
        _rotate(rotation, copied=copied)
    return rotation.status()


def _rotate(rotation: Rotation, *, copied: bool) -> None:
    if copied and rotation.status().phase is RotationPhase.NONE:
        raise ServiceError(
            ErrorKind.RECORD_CONFLICT,
            "no master key is prepared: run this command without --copied first",
        )
    rotation.prepare()
    # Servers on one machine share the file, and reload it when they see the new key.
    if copied or not rotation.needs_copies:
        rotation.activate()
    rotation.re_encrypt(_show_progress)


def _show_progress(done: int, total: int) -> None:
    if done % _PROGRESS_EVERY == 0 or done >= total:
        typer.echo(f"{done} of {total} access keys are encrypted with the key in use", err=True)


def _record(status: RotationStatus) -> Record:
    facts = status.state
    return {
        "phase": status.phase.value,
        "master_key": facts.in_use,
        "prepared_master_key": facts.prepared,
        "former_master_key": facts.former,
        "former_needed_until": wire_time(facts.former_until) if facts.former_until else None,
        "access_keys": str(status.keys),
        "access_keys_left": str(status.left),
    }
