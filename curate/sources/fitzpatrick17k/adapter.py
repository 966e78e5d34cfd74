"""What the url of a Fitzpatrick 17k picture says: its atlas, and the first atlas's folder, which is a finer label."""

from urllib.parse import urlsplit

FOLDERS = "dermaamin.com"


def amend(row: dict[str, str]) -> dict[str, str]:
    """Return the row with `atlas`, the host of the url, and `url_folder`, the folder of the picture where the host has folders."""
    url = urlsplit(row.get("url", ""))
    atlas = url.netloc.casefold().removeprefix("www.")
    parts = url.path.split("/")
    return row | {"atlas": atlas, "url_folder": parts[-2] if atlas == FOLDERS and len(parts) > 2 else ""}
