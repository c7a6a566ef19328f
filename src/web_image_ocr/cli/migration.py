"""``web-image-ocr admin migrate``: bring a store to the revision of this version."""

from __future__ import annotations

from contextlib import closing

from web_image_ocr.bootstrap import open_identity
from web_image_ocr.cli.options import AsJson, Config, DataDir
from web_image_ocr.cli.records import show_record
from web_image_ocr.settings import load_settings


def migrate(data_dir: DataDir = None, config: Config = None, as_json: AsJson = False) -> None:
    """Migrate the store to the form of this version, after a backup of its file.

    'serve' does the same when it starts; the other commands refuse an older store. PostgreSQL is
    not backed up: use 'pg_dump' before.
    """
    settings = load_settings(config, data_dir=data_dir)
    with closing(open_identity(settings, may_create=False, may_migrate=True)) as identity:
        done = identity.migration
    record = {
        "migrated": done.before != done.after,
        "from": done.before,
        "to": done.after,
        "backup": str(done.backup) if done.backup else None,
    }
    show_record(record, as_json=as_json)
