"""Keeps what was imported so far out of the collector's sight: walking through it would copy it into each process."""

from __future__ import annotations

import gc

gc.freeze()
