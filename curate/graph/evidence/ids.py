"""Must-link evidence from what publishers say: shared image, lesion and patient keys, and declared pairs.

Keys are namespaced: two sources that share an id space share keys, two that do not cannot collide. Rows whose picture is
absent take part: they give their lesion and patient to the same image id elsewhere.
"""

from curate.catalogue import Catalogue
from curate.graph.evidence.groups import must_link
from curate.graph.evidence.interface import Evidence
from curate.graph.policy import Policy


def same_image_id(catalogue: Catalogue, policy: Policy) -> Evidence:
    """Tie images of one image key (one photograph published in several places), or of one file name where the policy says so."""
    keys = "SELECT key, image_id FROM image_key_rows"
    if policy.file_names:
        keys += " UNION SELECT 'file name ' || parse_filename(path, false, 'forward_slash'), image_id FROM images"
    return _by_key(catalogue, "image_id", keys)


def same_lesion(catalogue: Catalogue, _: Policy) -> Evidence:
    """Tie images of one lesion key."""
    return _by_key(catalogue, "lesion", "SELECT lesion_key AS key, image_id FROM image_lesion_keys")


def same_patient(catalogue: Catalogue, policy: Policy) -> Evidence:
    """Tie images of one patient key, at patient level only."""
    if policy.level != "patient":
        return Evidence([], not_run=f"level is {policy.level}")
    return _by_key(catalogue, "patient", "SELECT patient_key AS key, image_id FROM image_patient_keys")


def declared(catalogue: Catalogue, _: Policy) -> Evidence:
    """Tie images that a publisher's or an expert's list names as a pair."""
    groups = catalogue.rows(
        """SELECT r.basis, a.image_id, b.image_id FROM relations r
           JOIN image_key_rows a ON a.key = r.key_a JOIN image_key_rows b ON b.key = r.key_b
           JOIN pictures pa ON pa.image_id = a.image_id JOIN pictures pb ON pb.image_id = b.image_id
           WHERE a.image_id <> b.image_id"""
    )
    return Evidence(must_link("declared", ((basis, [a, b]) for basis, a, b in groups)))


def _by_key(catalogue: Catalogue, evidence: str, keys: str) -> Evidence:
    groups = catalogue.rows(
        f"""SELECT key, list(image_id ORDER BY image_id) FROM ({keys}) JOIN pictures USING (image_id)
            GROUP BY key HAVING count(*) > 1 ORDER BY key"""
    )
    return Evidence(must_link(evidence, groups))
