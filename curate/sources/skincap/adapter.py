"""Which picture of Fitzpatrick 17k or DDI a SkinCAP picture is a copy of.

The parent's file name without its suffix is the native id that these sources use; each parent has a column of its own, so
that a key template names its namespace.
"""

import re

PARENTS = {"fitzpatrick17k": "fitzpatrick17k_name", "ddi": "ddi_name"}
SUFFIX = re.compile(r"\.[A-Za-z]{3,4}$")
DDI_DIGITS = 6


def amend(row: dict[str, str]) -> dict[str, str]:
    """Return the row with `fitzpatrick17k_name` or `ddi_name`, where the table says which file the picture was."""
    column = PARENTS.get(row.get("source", "").casefold().replace(" ", ""))
    name = SUFFIX.sub("", row.get("ori_file_path", "").replace("\\", "/").rsplit("/", 1)[-1])
    if not column or not name:
        return row
    return row | {column: name.zfill(DDI_DIGITS) if column == "ddi_name" and name.isdigit() else name.lower()}
