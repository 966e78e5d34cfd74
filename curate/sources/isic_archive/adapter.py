"""The archive's two forms of metadata in one row: JSON records of 2016 to 2021, and `metadata.csv` of later downloads.

Lesion and patient ids of the JSON records hide under another name in each collection. Counted in the 23,906 records of August
2019: HAM10000 `lesion_id`; MSK-1 `patient` and `lesion id` (with a blank); MSK-4 `lesion_id`. UDA-1's `id1` is a running number
and groups nothing; the other collections have neither.
"""

LESION_FIELDS = {
    "HAM10000": ("ham10000", "meta.unstructured.lesion_id"),
    "MSK-1": ("isic.msk1", "meta.unstructured.lesion id"),
    "MSK-4": ("isic.msk4", "meta.unstructured.lesion_id"),
}
PATIENT_FIELDS = {"MSK-1": ("isic.msk1", "meta.unstructured.patient")}
DEEPEST_FIRST = tuple(f"diagnosis_{level}" for level in (5, 4, 3, 2, 1))
OLDER_LABELS = ("diagnosis", "nevus_type", "mel_class", "mel_type", "benign_malignant")  # of tables before 2025, and of the JSON
SPECIAL_SITES = frozenset({"acral palms or soles", "fingernail", "nail nos", "oral or genital", "toenail"})
# words of the levels 2 to 4 of a site's path that say more than its first level
EXACT_SITES = frozenset({"anterior trunk", "lateral trunk", "posterior trunk", "mouth", "palm of hand", "sole of foot"})


def amend(row: dict[str, str]) -> dict[str, str]:
    """Return the row with namespaced ids of the JSON form, one label of each path, and one word for the site."""
    amended = dict(row)
    collection = row.get("dataset.name", "")
    for name, fields in (("lesion_key", LESION_FIELDS), ("patient_key", PATIENT_FIELDS)):
        namespace, field = fields.get(collection, ("", ""))
        if value := row.get(field, ""):
            amended[name] = f"{namespace}:{value}"
    _keep_one_label(amended)
    if site := _site(row):
        amended["anatom_site"] = site
    return amended


def _keep_one_label(row: dict[str, str]) -> None:
    """Keep the deepest level of a diagnosis path; it names the whole path, and stands in place of the older words.

    The archive's branches are not those of the taxonomy: a scar, a mast cell lesion or a haemorrhage lie under `Benign` there,
    so that a level above would contradict the one below it.
    """
    for name in OLDER_LABELS:
        if word := row.get(name, ""):
            row[f"meta.clinical.{name}"] = word
    filled = [name for name in DEEPEST_FIRST if row.get(name, "")]
    if filled:
        row.update(dict.fromkeys(filled[1:], ""))
        row.update(dict.fromkeys((f"meta.clinical.{name}" for name in OLDER_LABELS), ""))


def _site(row: dict[str, str]) -> str:
    """Return the most telling word that the newer columns have for the site; blank where they have none."""
    special = row.get("anatom_site_special", "")
    if special.casefold() in SPECIAL_SITES:
        return special
    words = [row.get(f"anatom_site_{level}", "") for level in (4, 3, 2)]
    return next((word for word in words if word.casefold() in EXACT_SITES), row.get("anatom_site_1", ""))
