"""Habits of real servers and callers beside their documents: one file a kind, each case by its public report."""

import pytest

pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in ("bench", "reading")))
