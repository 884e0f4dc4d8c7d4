"""One customer as pages ask for them, room by room."""

from functools import cached_property
from typing import get_type_hints

import pytest

from regulars.web.api.profile import Customer, View


@pytest.mark.parametrize("field", [name for name in Customer.__struct_fields__ if name != "profile"])
def test_a_page_gets_every_field_with_the_type_that_programs_get(field: str) -> None:
    asked = vars(View)[field]

    told = asked.func if isinstance(asked, cached_property) else asked.fget

    assert get_type_hints(told)["return"] == get_type_hints(Customer)[field]
