"""The bases of all tables of a policy file."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import pydantic
from pydantic import Field


class Part(pydantic.BaseModel):
    """The base of all tables of a policy."""

    model_config = pydantic.ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True
    )


class Reviewed(Part):
    """A statement about the law: somebody answers for it and looks at it again."""

    owner: Annotated[str, Field(min_length=1)]
    review_by: date
    source: str = ""
