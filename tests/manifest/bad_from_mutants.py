"""Bad manifests, and some that are fine, that a change of the verifier's code once survived without (docs/mutation.md)."""

from tests.manifest.bad import MELANOMA, Copy, bad, fine


@bad({0})
def digest_of_letters_that_are_none(m: Copy) -> None:
    m.single("train")["sha256"] = "X" * 64


@bad({0})
def path_that_is_a_folder(m: Copy) -> None:
    m.single("train")["path"] = m.single("train")["path"].rpartition("/")[0] + "/."


@bad({0})
def path_that_no_system_can_open(m: Copy) -> None:
    m.single("train")["path"] += "\0.jpg"


@bad({0, 5})
def path_with_an_empty_part(m: Copy) -> None:
    m.single("train")["path"] = m.single("train")["path"].replace("/", "//")


@bad({1})
def validation_image_in_no_fold(m: Copy) -> None:
    m.single("validation")["fold"] = None


@bad({5}, when="uncounted")
def source_states_one_image_more(m: Copy) -> None:
    m.info["sources"][0]["images"] += 1


@bad({5}, when="uncounted")
def folder_of_a_source_left_out_beside_its_root(m: Copy) -> None:
    source = m.info["sources"][1]
    source["folders"] = [folder for folder in source["folders"] if folder["folder"] == "."]


@bad({5}, when="uncounted")
def root_with_a_rejected_file_left_out(m: Copy) -> None:
    rejected_in_the_root(m)
    source = m.info["sources"][0]
    source["folders"] = [folder for folder in source["folders"] if folder["folder"] != "."]


@bad({5}, when="uncounted")
def rejected_file_of_a_folder_that_is_not_listed(m: Copy) -> None:
    m.info["rejected"].append({"path": "elsewhere/broken.jpg", "reason": "damaged", "source": m.info["sources"][0]["id"]})


@bad({5}, when="uncounted")
def rejected_file_of_a_root_not_counted(m: Copy) -> None:
    rejected_in_the_root(m)
    m.info["sources"][0]["folders"][0].update(rejected=0, ignored=2)


@bad({6})
def class_changed_behind_an_image_without_node(m: Copy) -> None:
    """Whoever stops looking at an image without a node misses those behind it."""
    m.images[0].update(dict.fromkeys(("node_id", "nine_class", "three_class", "training_class", "fold")))
    m.images[0].update(split="excluded", excluded_reason="no_label", labels=[])
    m.single("train", MELANOMA)["three_class"] = "benign"


@bad({7})
def class_of_two_nodes_over_the_limit(m: Copy) -> None:
    m.recount()
    held = next(c for c in m.classes["training_classes"] if MELANOMA in c["nodes"])
    held["nodes"] = [MELANOMA, next(node for node in held["nodes"] if node != MELANOMA)]
    m.classes["partition"]["max_class_size"] = held["images"] - 1


@fine
def classes_below_a_limit_that_is_not_inclusive(m: Copy) -> None:
    m.recount()
    sizes = [c["images"] for c in m.classes["training_classes"] if len(c["nodes"]) > 1]
    m.classes["partition"].update(max_class_size=max(sizes) + 1, inclusive=False)


@fine
def rejected_in_the_root(m: Copy) -> None:
    source = m.info["sources"][0]
    m.info["rejected"].append({"path": "broken.jpg", "reason": "damaged", "source": source["id"]})
    root = next(folder for folder in source["folders"] if folder["folder"] == ".")
    root.update(files=root["files"] + 1, rejected=root["rejected"] + 1)


@fine
def first_of_a_pair_excluded(m: Copy) -> None:
    a, _ = m.pair("lesion", "train")
    a.update(split="excluded", excluded_reason="withdrawn", fold=None, training_class=None)


@fine
def second_of_a_pair_excluded(m: Copy) -> None:
    _, b = m.pair("lesion", "train")
    b.update(split="excluded", excluded_reason="withdrawn", fold=None, training_class=None)
