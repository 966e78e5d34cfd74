"""What no table knows of a manifest and its publisher may say: when it was published, by whom, and where."""

import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from curate.errors import InputError


class Publication(BaseModel):
    """Facts of the publication, all optional; they stand in `manifest.json` and `croissant.json`. Without a date there is none:
    no clock is read, so that bytes depend on content alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    date_published: datetime.date | None = Field(None, description="the day of publication; None: none is stated")
    creators: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        (), description="who made the manifest: people or institutions"
    )
    description: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="what it is; None: a sentence with its counts"
    )
    url: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = Field(None, description="the page of the data set")
    citation: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="how to cite it, BibTeX at best; None: its name and the publications of its sources"
    )

    def stated(self) -> dict[str, Any]:
        """Return what was said, as JSON has it."""
        said: dict[str, Any] = Publication.model_dump(self, mode="json", include=set(Publication.model_fields))
        return {name: value for name, value in said.items() if value not in (None, [])}


def publication(**said: Any) -> Publication:
    """Return facts of the publication, checked.

    Raises:
        InputError: a date is none, an address is none, or a text is empty; the message names which.
    """
    try:
        return Publication.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{first['loc'][0]}: {first['msg']}.", "A day is written 2026-11-30, an address https://….") from error
