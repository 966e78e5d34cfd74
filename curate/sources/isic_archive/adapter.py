"""Lesion and patient ids of the archive's JSON records, which hide under another name in each collection.

Counted in the 23,906 records of August 2019: HAM10000 `lesion_id`; MSK-1 `patient` and `lesion id` (with a blank); MSK-4
`lesion_id`. UDA-1's `id1` is a running number and groups nothing; the other collections have neither.
"""

LESION_FIELDS = {
    "HAM10000": ("ham10000", "meta.unstructured.lesion_id"),
    "MSK-1": ("isic.msk1", "meta.unstructured.lesion id"),
    "MSK-4": ("isic.msk4", "meta.unstructured.lesion_id"),
}
PATIENT_FIELDS = {"MSK-1": ("isic.msk1", "meta.unstructured.patient")}


def amend(row: dict[str, str]) -> dict[str, str]:
    """Return the row with `lesion_key` and `patient_key`, namespaced, where the collection gives them."""
    collection = row.get("dataset.name", "")
    amended = dict(row)
    for name, fields in (("lesion_key", LESION_FIELDS), ("patient_key", PATIENT_FIELDS)):
        namespace, field = fields.get(collection, ("", ""))
        if value := row.get(field, ""):
            amended[name] = f"{namespace}:{value}"
    return amended
