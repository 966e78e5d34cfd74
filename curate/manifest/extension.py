"""A frozen manifest as what a split extends, and what an extension says of itself in `manifest.json`."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from curate.errors import InputError
from curate.manifest.diff import compare, next_version
from curate.manifest.folder import FIRST_VERSION, version_of
from curate.manifest.held_out import BEFORE_1_1
from curate.manifest.read import Manifest, load
from curate.manifest.verify import verify
from curate.splits.seats import QUARANTINED, Frozen, Seat


def read_frozen(folder: Path) -> Frozen:
    """Return what growth needs of the manifest in a folder, after it was verified from its files alone.

    Raises:
        InputError: there is no manifest in the folder, or it is of another schema.
        BrokenInvariantError: it does not verify; nothing can rely on it.
    """
    verify(folder).require(f"{folder} cannot be extended, it does not verify.", folder)
    manifest = load(folder)
    rows = manifest.images.select(["image_id", "sha256", "split", "fold", "pinned", "excluded_reason"]).to_pylist()
    stated = manifest.info["protocol"]
    own = {name: value for name, value in stated.items() if name not in ("test_requires", "adopted")}
    protocol = {"protocol" if name == "name" else name: value for name, value in own.items()}
    protocol["quality"] = BEFORE_1_1 | protocol["quality"]  # thresholds that a gate did not have bound nobody
    return Frozen(
        folder=str(folder.resolve()),
        name=manifest.info["name"],
        digest=manifest.digest,
        seats={r["image_id"]: Seat(r["split"], r["fold"]) for r in rows if r["excluded_reason"] is None},
        pins={r["image_id"]: r["pinned"] for r in rows if r["pinned"] is not None},
        excluded={r["image_id"]: r["excluded_reason"] for r in rows if r["excluded_reason"] is not None},
        sha256={r["image_id"]: r["sha256"] for r in rows},
        protocol={**protocol, "seed": manifest.info["seed"]},
        merge=(manifest.info.get("extends") or {}).get("merge"),
        drawn_sets=manifest.info.get("drawn_sets"),
    )


def history(extends: Mapping[str, Any] | None, new: Manifest) -> dict[str, Any]:
    """Return the keys `version` and `extends` of a manifest that is about to be written.

    Args:
        extends: name, digest, folder and merge policy of the manifest that its split extends, or None.
        new: the manifest in memory; its `expected_false_edges` are counted anew where edges were withheld.

    Raises:
        InputError: the extended manifest is no longer where it was.
    """
    if extends is None:
        return {"version": FIRST_VERSION, "extends": None}
    folder = Path(extends["folder"])
    gone = InputError(f"{folder}, which the split extends, is gone or another one now.", "Run `curate split --extend` again.")
    try:
        old = load(folder)
    except InputError as error:
        raise gone from error
    if old.digest != extends["digest"]:
        raise gone
    before, now = (dict(zip(*m.images.select(["image_id", "split"]).to_pydict().values(), strict=True)) for m in (old, new))
    seated = {image for image, split in before.items() if split != "excluded"}
    given = {image for image, split in now.items() if split != "excluded"}
    quarantined = Counter(new.images.column("excluded_reason").to_pylist())[QUARANTINED]
    if quarantined and new.info["calibration"]:
        edges = new.edges.select(["evidence", "probability"]).to_pylist()
        new.info["calibration"]["expected_false_edges"] = round(
            sum(1 - e["probability"] for e in edges if e["evidence"] == "local"), 1
        )
    return {
        "version": next_version(version_of(old.info), compare(old, new).step),
        "extends": {
            "name": extends["name"],
            "digest": extends["digest"],
            "merge": extends["merge"],
            "kept": len(seated & given),
            "dropped": len(seated - given),
            "quarantined": quarantined,
            "added": len(given - seated),
        },
    }
