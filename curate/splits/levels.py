"""How far each source's ids reach: the level at which a split of its images can be said to be sound."""

from typing import Any

from curate.catalogue import Catalogue
from curate.catalogue.stages import required_stage

LEVELS = (("patient", "patient"), ("lesion", "lesion"), ("image_id", "image"))  # evidence and the level it stands for


def levels(catalogue: Catalogue) -> dict[str, dict[str, Any]]:
    """Return for each source the coarsest level at which the records of its own pictures carry keys that the policy counts.

    Returns:
        By source `level` (`patient`, `lesion`, `image`: one photograph under its id, or `pixels`: no id at all), `images`, and
        `patient`, `lesion`, `image`: how many of the images have such a key, from whatever record, so that a level that few of
        them reach can be told from one that all do.
    """
    policy = required_stage(catalogue, "link", "curate link").settings["policy"]
    counted = {e for e in policy["evidence"] if e != "patient" or policy["level"] == "patient"}
    rows = catalogue.rows(
        """WITH own AS (
               SELECT source_id, bool_or(len(patient_keys) > 0), bool_or(len(lesion_keys) > 0), bool_or(len(image_keys) > 0)
               FROM records SEMI JOIN pictures USING (image_id) GROUP BY 1)
           SELECT * FROM own
           JOIN (SELECT source_id, count(*),
                        count(*) FILTER (image_id IN (SELECT image_id FROM image_patient_keys)),
                        count(*) FILTER (image_id IN (SELECT image_id FROM image_lesion_keys)),
                        count(*) FILTER (image_id IN (SELECT image_id FROM image_key_rows))
                 FROM pictures GROUP BY 1) USING (source_id)
           ORDER BY 1"""
    )
    found = {}
    for source, of_patient, of_lesion, of_image, images, *keyed in rows:
        told = zip(LEVELS, (of_patient, of_lesion, of_image), strict=True)
        level = next((level for (evidence, level), has in told if has and evidence in counted), "pixels")
        found[source] = {"level": level, "images": images, **{k: n for (_, k), n in zip(LEVELS, keyed, strict=True)}}
    return found
