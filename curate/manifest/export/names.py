"""Names of files and folders in exports: unique, portable, for ever the same, and silent about the label."""

import hashlib

LENGTH = 32  # hex digits: two of a billion images share them with a probability below 10^-20


def picture_name(image_id: str) -> str:
    """Return what the file of an image is called, without suffix: the first 32 hex digits of the sha256 of its image id.

    The id itself is no name: it has a colon, and a publisher's path in it may say the label.

    >>> picture_name("ham10000:ISIC_0024306")
    'c5296e6929d7089bcef0e950b9ebf6bf'
    """
    return hashlib.sha256(image_id.encode("utf-8")).hexdigest()[:LENGTH]


def class_folder(class_id: str) -> str:
    """Return the folder of a training class: its id with `_` for `:`, so that folders sort as the classes of classes.json do.

    >>> class_folder("DC:0000011:own")
    'DC_0000011_own'
    """
    return class_id.replace(":", "_")
