"""Files of a URL: where they are kept, and how they come there whole."""

from __future__ import annotations

import os
import os.path as osp
import shutil
import sys
import tempfile
import urllib.request
from urllib.parse import urlparse

#: A server that says nothing for this long is taken as unreachable.
DOWNLOAD_TIMEOUT_SECONDS = 20


def is_url(location: str) -> bool:
    """Whether weights are given by an http or https address."""
    return location.startswith(('http://', 'https://'))


def cached_file(url: str) -> str:
    """Return the path where torch, and mmengine with it, caches the file of a URL."""
    from torch import hub  # costs seconds; only configs with a URL pay

    return osp.join(hub.get_dir(), 'checkpoints', osp.basename(urlparse(url).path))


def download(url: str, target: str) -> None:
    """Download a file whole or not at all: a broken transfer leaves nothing behind.

    Own code, since ``torch.hub.download_url_to_file`` keeps what came where a server stops early, and waits without
    limit for one that says nothing.

    Args:
        url: http or https address.
        target: Path of the file to be; its folder is made.

    Raises:
        OSError: The server cannot be reached, refuses, or stops early; the folder cannot be
            written (urllib's errors are OSErrors).
    """
    os.makedirs(osp.dirname(target), exist_ok=True)
    print(f'downloading {url} to {target}', file=sys.stderr, flush=True)
    request = urllib.request.Request(url, headers={'User-Agent': 'sr4ir_mm'})
    with (
        urllib.request.urlopen(request, timeout=DOWNLOAD_TIMEOUT_SECONDS) as response,
        tempfile.NamedTemporaryFile(dir=osp.dirname(target), delete=False) as part,
    ):
        try:
            shutil.copyfileobj(response, part, 2**20)
            part.flush()
            expected = response.headers.get('Content-Length')
            if expected is not None and int(expected) != os.fstat(part.fileno()).st_size:
                raise OSError(f'the server stopped before all of its {expected} bytes came')
            os.chmod(part.name, 0o644)
            os.replace(part.name, target)
        except BaseException:
            os.unlink(part.name)
            raise
