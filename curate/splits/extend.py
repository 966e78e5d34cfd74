"""Extending a frozen manifest from the catalogue: what growth needs to know is read here, and what it withholds is written."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from curate.catalogue import Catalogue
from curate.errors import InputError
from curate.graph.evidence.interface import Edge
from curate.splits.growth import Growth, contested, grow
from curate.splits.protocol import Protocol
from curate.splits.seats import Frozen, Member, Merge
from curate.taxonomy.tree import Tree


def frozen_protocol(frozen: Frozen, asked: Mapping[str, Any]) -> Protocol:
    """Return the protocol that an extension keeps.

    Args:
        frozen: the manifest that is extended.
        asked: what the user said of the protocol, by field, and of its quality gate; nothing need be said.

    Raises:
        InputError: something else was asked; the message names it. Or the split is a publisher's own, which does not grow here.
    """
    if frozen.protocol["protocol"] == "official":
        raise InputError(
            f"{frozen.name} adopts its publishers' own split, which grows when they publish another.",
            "Ingest what they published anew and split with --protocol official again.",
        )
    kept = Protocol.model_validate(dict(frozen.protocol))
    own = dict(_settings(kept.model_dump(mode="json")))
    for name, value in _settings(asked):
        if _plain(value) != _plain(own[name]):
            raise InputError(
                f"An extension keeps the protocol of {frozen.name}: its {name} is {own[name]}, and {value} was asked.",
                f"Leave {name} out, or make a split of its own without extending.",
            )
    return kept


def _settings(protocol: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the settings of a protocol by name, those of its quality gate one by one: nobody need say them all."""
    for name, value in protocol.items():
        if name == "quality":
            yield from ((f"{name}.{threshold}", least) for threshold, least in value.items())
        else:
            yield name, value


def _plain(value: Any) -> Any:
    """Return a value as it is compared: a list names things, and their order says nothing."""
    return sorted(value) if isinstance(value, (list, tuple)) else value


def extend(catalogue: Catalogue, members: list[Member], frozen: Frozen, merge: Merge, tree: Tree) -> Growth:
    """Decide over the images of the catalogue how a frozen manifest grows.

    Raises:
        InputError: a frozen image is no longer in the catalogue, or is another file now.
    """
    content = dict(catalogue.rows("SELECT image_id, sha256 FROM pictures"))
    for what, images in (
        ("are not in the catalogue", sorted(frozen.sha256.keys() - content.keys())),
        ("have other bytes now", sorted(i for i, sha256 in frozen.sha256.items() if content.get(i, sha256) != sha256)),
    ):
        if images:
            raise InputError(
                f"{len(images)} images of {frozen.name} {what}, the first: {images[0]}.",
                "Ingest the files that were frozen, or make a manifest that extends none.",
            )
    where = contested(members, frozen, tree.conflict)
    return grow(members, frozen, _edges(catalogue, where), merge=merge, exclude=tree.conflict)


def write_withheld(catalogue: Catalogue, growth: Growth) -> None:
    """Write, in place of what the last split wrote, whose edges a manifest leaves out; the tables of the links stay as they are."""
    for table in ("set_aside", "restored_edges", "regrown_components"):
        catalogue.execute(f"DELETE FROM {table}")
    catalogue.insert("set_aside", [{"image_id": image} for image in sorted(growth.aside)])
    catalogue.insert("restored_edges", [edge._asdict() for edge in growth.restored])
    catalogue.insert(
        "regrown_components",
        [{"image_id": i, "component": c, "lesion_component": lesion} for i, (c, lesion) in sorted(growth.components.items())],
    )


def _edges(catalogue: Catalogue, where: Iterable[str]) -> list[Edge]:
    rows = catalogue.rows(
        f"""SELECT {", ".join(Edge._fields)} FROM edges e JOIN components c ON c.image_id = e.image_a
            SEMI JOIN (SELECT unnest(?::VARCHAR[]) AS component) USING (component)""",
        [sorted(where)],
    )
    return [Edge(*row) for row in rows]
