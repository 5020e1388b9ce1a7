"""The files that jobs make: one folder a job below the home, readable by us alone."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple
from uuid import UUID

from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.jobs.errors import job_file_gone
from kaquan.foundation.jobs.models import Job
from kaquan.foundation.private_files import fsync_folder, make_folder

FOLDER = "exports"
_FILE_MODE = 0o600
_FOLDER_MODE = 0o700
_READ_BYTES = 1 << 20


class FileFacts(NamedTuple):
    """What the record keeps of a file."""

    name: str
    sha256: str
    size_bytes: int | None


NO_FILE = FileFacts("", "", None)


@contextmanager
def new_file(job_id: UUID, name: str) -> Iterator[BinaryIO]:
    """A new file of the job to write to; one that an earlier attempt left is replaced.

    It is on the disk when the block ends; `path_of` names it for ``finish``.
    """
    path = path_of(job_id, name)
    make_folder(path.parent.parent)
    path.parent.mkdir(mode=_FOLDER_MODE, exist_ok=True)
    path.unlink(missing_ok=True)
    descriptor = os.open(
        path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _FILE_MODE
    )
    with os.fdopen(descriptor, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    fsync_folder(path.parent)


def path_of(job_id: UUID, name: str) -> Path:
    """Where a file of the job lies; `name` is a plain file name of ours."""
    assert name == Path(name).name, name
    assert name.strip("."), name
    return _folder_of(job_id) / name


def facts_of(job_id: UUID, path: Path) -> FileFacts:
    """Name, SHA-256 and size of a file of this job."""
    assert path.parent == _folder_of(job_id), "a job gives out files of its own folder only"
    path.chmod(_FILE_MODE)  # whoever wrote it
    digest = hashlib.sha256()
    size_bytes = 0
    with path.open("rb") as file:
        while part := file.read(_READ_BYTES):
            digest.update(part)
            size_bytes += len(part)
    return FileFacts(path.name, digest.hexdigest(), size_bytes)


def open_result(job: Job) -> BinaryIO:
    """The result file, open for reading; raises `job_file_gone`."""
    if not job.file:
        raise job_file_gone(job.id)
    try:
        return path_of(job.id, job.file).open("rb")
    except FileNotFoundError:
        raise job_file_gone(job.id) from None


def remove(job_id: UUID) -> None:
    """Remove whatever files the job has."""
    shutil.rmtree(_folder_of(job_id), ignore_errors=True)


def remove_unfinished(job_id: UUID) -> None:
    """Remove what an attempt that died was writing under a name that begins with a dot."""
    for path in _folder_of(job_id).glob(".*"):
        path.unlink(missing_ok=True)


def job_ids(*, older_than: datetime) -> list[UUID]:
    """The jobs whose folder has not changed since a moment, whether they still exist or not."""
    folder = current_configuration().home / FOLDER
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        try:
            job_id = UUID(path.name)
        except ValueError:
            continue  # not ours
        if path.stat().st_mtime < older_than.timestamp():
            found.append(job_id)
    return found


def _folder_of(job_id: UUID) -> Path:
    return current_configuration().home / FOLDER / str(job_id)
