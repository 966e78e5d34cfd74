"""Keys of an image folder whose columns are named as people name them, and the folder that is a label only without a table."""


def amend(row: dict[str, str]) -> dict[str, str]:
    """Return the row with `lesion`, within its patient where one is given; its folder is no label where a table describes it."""
    lesion, patient = row.get("lesion_id", ""), row.get("patient_id", "")
    amended = row | {"lesion": f"{patient}/{lesion}" if lesion and patient else lesion}
    return amended | {"folder": ""} if row.get("file_name") else amended
