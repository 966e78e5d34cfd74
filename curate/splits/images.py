"""The images as splits see them, read from the catalogue."""

from collections.abc import Iterable
from dataclasses import dataclass

from curate.catalogue import Catalogue
from curate.catalogue.verdicts import last_words, stored_verdicts
from curate.errors import InputError
from curate.splits.protocol import Protocol
from curate.splits.quality_gate import Seen


@dataclass(frozen=True)
class Image:
    """One picture.

    Attributes:
        no_node: why it would have no place in the taxonomy; means nothing where `node_id` is set.
        quality_fail: why it may not stand in a test or validation set, or None.
        official: the side on which its publisher put it, or None.
    """

    image_id: str
    source: str
    component: str
    lesion_component: str
    node_id: str | None
    no_node: str
    confirmation: str | None
    quality_fail: str | None
    official: str | None = None
    modality: str | None = None
    skin_type: str | None = None


def read_images(catalogue: Catalogue, protocol: Protocol) -> list[Image]:
    """Return all pictures, by id.

    Raises:
        InputError: a source that the protocol names is not in the catalogue, or has no split of its own to adopt.
    """
    _require_sources(catalogue, protocol.independent, "independent")
    _require_sources(catalogue, protocol.adopt, "one whose split is adopted")
    rows = catalogue.rows(
        """SELECT p.image_id, p.source_id, c.component, c.lesion_component, n.node_id,
                  CASE WHEN NOT EXISTS (SELECT 1 FROM image_labels l WHERE l.image_id = p.image_id) THEN 'no_label'
                       WHEN EXISTS (SELECT 1 FROM image_labels l WHERE l.image_id = p.image_id AND l.how IS NULL)
                           THEN 'label_unmapped'
                       WHEN EXISTS (SELECT 1 FROM image_labels l WHERE l.image_id = p.image_id AND l.node_id IS NOT NULL)
                           THEN 'labels_of_several_roots'
                       ELSE 'label_without_node' END,
                  r.confirmation, r.official_split, r.modality, r.skin_type,
                  p.width, p.height, p.sharpness, p.contrast, p.framing, r.modality, r.shot_type
           FROM pictures p JOIN components c USING (image_id)
           LEFT JOIN image_nodes n USING (image_id) LEFT JOIN records r USING (image_id)
           ORDER BY p.image_id"""
    )
    words, fails = last_words(stored_verdicts(catalogue)), protocol.quality.fails
    return [
        Image(
            i,
            source,
            whole,
            lesion,
            node,
            no_node,
            confirmation,
            fails(Seen(*seen)._replace(word=words.get(i))),
            official,
            modality,
            skin,
        )
        for i, source, whole, lesion, node, no_node, confirmation, official, modality, skin, *seen in rows
    ]


def adopted_sources(images: Iterable[Image], protocol: Protocol) -> frozenset[str]:
    """Return the sources whose own split the protocol adopts; empty for every protocol but `official`.

    Raises:
        InputError: none of the sources has a split of its own, or one that is named has none.
    """
    if protocol.protocol != "official":
        return frozenset()
    shipped = {image.source for image in images if image.official is not None}
    if without := sorted(set(protocol.adopt) - shipped):
        raise InputError(f"The source {without[0]!r} has no split of its own.", "Take it out, or draw a split: --protocol holdout.")
    if not shipped:
        raise InputError("No source of the catalogue has a split of its own.", "Draw one: --protocol holdout.")
    return frozenset(protocol.adopt or shipped)


def _require_sources(catalogue: Catalogue, named: tuple[str, ...], role: str) -> None:
    known = {s for (s,) in catalogue.rows("SELECT source_id FROM sources")}
    if unknown := sorted(set(named) - known):
        raise InputError(f"The source {unknown[0]!r}, named as {role}, is not in the catalogue.", "Ingest it, or take it out.")
