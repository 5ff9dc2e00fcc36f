"""The six platforms as servers that check what they are sent as strictly as the real ones, written from their documents."""

import pytest

pytest.register_assert_rewrite(f"{__name__}.features", f"{__name__}.more_features", f"{__name__}.answer")
