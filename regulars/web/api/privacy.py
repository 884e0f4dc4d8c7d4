"""What we hold about one person, as a ZIP: masked for whoever may read customers, in the clear for a stated reason."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO, Any

from litestar import Request, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from regulars import collect, privacy
from regulars.app import App
from regulars.web import access, audit, clear
from regulars.web.clear import Reason
from regulars.web.site import House

MASKED = "exported a customer, masked"
EXPORT = "/api/customers/{number:int}/export"
ZIP = "application/zip"
PIECE_BYTES = 256 * 1024
# What is larger lies on the disk while it is sent, without a name: nothing is left of it.
IN_MEMORY_BYTES = 4 * 1024 * 1024


def packed(app: App, number: int, look: collect.Look) -> Stream:
    """The ZIP as an answer. Raises NoSuchCustomer before anything is sent."""
    file: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 (closed by `pieces`)
    try:
        with app.transaction() as inside:
            done = privacy.export(inside, number, file, look)
            name = privacy.file_name(inside, done.customer)
        size = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    headers = {"content-disposition": f'attachment; filename="{name}"', "content-length": str(size)}
    return Stream(pieces(file), media_type=ZIP, headers=headers)


def pieces(file: IO[bytes]) -> Iterator[bytes]:
    """The file piece by piece; it is gone afterwards, also where the reader went away."""
    with file:
        while piece := file.read(PIECE_BYTES):
            yield piece


@get(EXPORT, opt=access.office("customers:read"), media_type=ZIP, sync_to_thread=True)
def export_json(app: House, request: Request[Any, Any, Any], number: FromPath[int]) -> Stream:
    """Everything we hold about one customer as a ZIP, with what names or describes a person masked."""
    audit.write(app, request.user, MASKED, f"customer:{number}")
    return packed(app, number, collect.hidden)


@post(EXPORT, opt=access.office("personal:read"), status_code=200, media_type=ZIP, sync_to_thread=True)
def export_clear_json(
    app: House, request: Request[Any, Any, Any], number: FromPath[int], data: JSONBody[Reason]
) -> Stream:
    """Everything we hold about one customer as a ZIP, in the clear, for a stated reason."""
    clear.note(app, request, f"customer:{number}", data)
    return packed(app, number, collect.in_the_clear)


routes = [export_json, export_clear_json]
