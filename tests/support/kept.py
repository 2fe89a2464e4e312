"""What ffmpeg makes of the same input, kept on disk for the other processes that run tests and for later runs."""

from __future__ import annotations

import functools
import hashlib
import inspect
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec

P = ParamSpec("P")

_FOLDER = Path(__file__).parents[2] / "build" / "ffmpeg"


def kept(make: Callable[P, bytes]) -> Callable[P, bytes]:
    """Let a function whose result depends on its arguments and on ffmpeg alone make it once."""

    @functools.wraps(make)
    def made_once(*args: P.args, **kwargs: P.kwargs) -> bytes:
        ingredients = (_version(), _source(make), make.__name__, args, sorted(kwargs.items()))
        path = _FOLDER / hashlib.sha256(repr(ingredients).encode()).hexdigest()
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Another process may be at the same.
            draft = path.with_suffix(f".{os.getpid()}")
            draft.write_bytes(make(*args, **kwargs))
            draft.replace(path)
        return path.read_bytes()

    return made_once


@functools.cache
def _version() -> bytes:
    return subprocess.run(["ffmpeg", "-version"], capture_output=True, check=True).stdout


@functools.cache
def _source(make: Callable[..., bytes]) -> str:
    """Return the module of a function, which may have helpers there."""
    return Path(inspect.getfile(make)).read_text()
