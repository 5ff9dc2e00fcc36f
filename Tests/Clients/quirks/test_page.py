"""docs/compatibility.md says what the cases say."""

import os

from .page import PAGE, facts, written
from .servers import CALLERS, SERVERS


def test_the_page_says_what_the_suite_holds():
    if os.environ.get("AMS_WRITE_COMPATIBILITY"):
        PAGE.write_text(written())

    assert PAGE.read_text() == written(), "write docs/compatibility.md anew: AMS_WRITE_COMPATIBILITY=1"


def test_something_is_known_of_every_server():
    about = {name for fact in facts() for name in fact.about}

    assert about == {*SERVERS, *CALLERS}
