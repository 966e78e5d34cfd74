"""The taxonomy in formats of the ontology world: OBO 1.4, SKOS as JSON-LD 1.1, SSSOM mappings.

Formats: https://owlcollab.github.io/oboformat/doc/obo-syntax.html, https://www.w3.org/TR/skos-reference/,
https://mapping-commons.github.io/sssom/.
"""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from curate.errors import InputError
from curate.taxonomy.tree import Tree

BASE = "https://w3id.org/dermcurate/taxonomy/"
LICENCE = "https://creativecommons.org/licenses/by/4.0/"
PREFIXES = {
    "DC": BASE,
    "DOID": "http://purl.obolibrary.org/obo/DOID_",
    "MONDO": "http://purl.obolibrary.org/obo/MONDO_",
    "NCIT": "http://purl.obolibrary.org/obo/NCIT_",
    "ICD10CM": "http://purl.bioontology.org/ontology/ICD10CM/",
    "MESH": "http://id.nlm.nih.gov/mesh/",
    "Orphanet": "http://www.orpha.net/ORDO/Orphanet_",
    "SCTID": "http://snomed.info/id/",
}
SSSOM_COLUMNS = ("subject_id", "subject_label", "predicate_id", "object_id", "mapping_justification", "subject_source_version")


def export_text(tree: Tree, name: str) -> str:
    """Return the taxonomy in a format.

    Raises:
        InputError: there is no such format.
    """
    if name not in FORMATS:
        raise InputError(f"There is no format {name!r}.", f"Use one of {', '.join(FORMATS)}.")
    return FORMATS[name](tree)


def write_export(tree: Tree, name: str, path: Path) -> Path:
    """Write the taxonomy in a format to a file that is not there yet.

    Raises:
        InputError: there is no such format, or the file is there already.
    """
    text = export_text(tree, name)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as handle:
            handle.write(text)
    except FileExistsError:
        raise InputError(f"{path} is there already.", "Name another file.") from None
    return path


def obo(tree: Tree) -> str:
    """Return the tree in OBO 1.4; `malignancy` is a property, other parents are `relationship: also_under`."""
    lines = [
        "format-version: 1.4",
        f"data-version: {tree.version}",
        "ontology: dermcurate",
        f'property_value: dcterms-license "{LICENCE}" xsd:string',
        *(f"idspace: {prefix} {url}" for prefix, url in PREFIXES.items()),
    ]
    for node in tree.nodes.values():
        lines += ["", "[Term]", f"id: {node.node_id}", f"name: {_obo_text(node.name)}"]
        lines += [f'synonym: "{_quoted(s)}" EXACT []' for s in node.synonyms]
        lines += [f"xref: {x}" for ids in node.xrefs.values() for x in ids]
        lines.append(f'property_value: malignancy "{node.malignancy}" xsd:string')
        if node.parent_id:
            lines.append(f"is_a: {node.parent_id} ! {_obo_text(tree.nodes[node.parent_id].name)}")
        lines += [f"relationship: also_under {n} ! {_obo_text(tree.nodes[n].name)}" for n in node.also_under]
    for gone in tree.retired.values():
        lines += ["", "[Term]", f"id: {gone.node_id}", f"name: {_obo_text(gone.name)}", "is_obsolete: true"]
        lines.append(f"replaced_by: {tree.current(gone.node_id)}")
    lines += ["", "[Typedef]", "id: also_under", "name: also under", "is_metadata_tag: true", ""]
    lines += ["[Typedef]", "id: malignancy", "name: malignancy", "is_metadata_tag: true"]
    return "\n".join(lines) + "\n"


def skos(tree: Tree) -> str:
    """Return the tree as a SKOS concept scheme in JSON-LD."""
    scheme = BASE.rstrip("/")
    context = {
        **PREFIXES,
        "skos": "http://www.w3.org/2004/02/skos/core#",
        "dcterms": "http://purl.org/dc/terms/",
        "owl": "http://www.w3.org/2002/07/owl#",
        "dermcurate": "https://w3id.org/dermcurate/vocabulary#",
    }
    concepts: list[dict[str, Any]] = []
    for node in tree.nodes.values():
        concept: dict[str, Any] = {
            "@id": node.node_id,
            "@type": "skos:Concept",
            "skos:inScheme": {"@id": scheme},
            "skos:prefLabel": {"@language": "en", "@value": node.name},
            "dermcurate:malignancy": node.malignancy,
        }
        if node.synonyms:
            concept["skos:altLabel"] = [{"@language": "en", "@value": s} for s in node.synonyms]
        if node.parent_id:
            concept["skos:broader"] = {"@id": node.parent_id}
        else:
            concept["skos:topConceptOf"] = {"@id": scheme}
        if node.also_under:
            concept["skos:related"] = [{"@id": n} for n in node.also_under]
        if node.xrefs:
            concept["skos:closeMatch"] = [{"@id": x} for ids in node.xrefs.values() for x in ids]
        concepts.append(concept)
    for gone in tree.retired.values():
        successor = {"@id": tree.current(gone.node_id)}
        concepts.append({"@id": gone.node_id, "owl:deprecated": True, "dcterms:isReplacedBy": successor})
    about = {
        "@id": scheme,
        "@type": "skos:ConceptScheme",
        "dcterms:title": "dermcurate taxonomy of skin disease",
        "owl:versionInfo": tree.version,
        "dcterms:license": {"@id": LICENCE},
        "skos:hasTopConcept": [{"@id": g.node_id} for g in tree.three],
    }
    return json.dumps({"@context": context, "@graph": [about, *concepts]}, indent=1, ensure_ascii=False) + "\n"


def sssom(tree: Tree) -> str:
    """Return the cross-references as an SSSOM mapping set (TSV with its metadata as comments).

    A reference of another kind than Mondo's own comes through Mondo's tables, so it is a close match, not an exact one.
    """
    head = ["#mapping_set_id: " + BASE + "mappings", f"#mapping_set_version: {tree.version}", f"#license: {LICENCE}", "#curie_map:"]
    head += [f'#  {prefix}: "{url}"' for prefix, url in PREFIXES.items()]
    head += ['#  skos: "http://www.w3.org/2004/02/skos/core#"', '#  semapv: "https://w3id.org/semapv/vocab/"']
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(SSSOM_COLUMNS)
    for node in tree.nodes.values():
        for vocabulary, ids in node.xrefs.items():
            exact = vocabulary == node.source
            predicate = "skos:exactMatch" if exact else "skos:closeMatch"
            justification = "semapv:LexicalMatching" if exact else "semapv:MappingChaining"
            for x in ids:
                writer.writerow((node.node_id, node.name, predicate, x, justification, tree.version))
    return "\n".join(head) + "\n" + text.getvalue()


def _obo_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace("!", "\\!").replace("{", "\\{").replace("\n", " ")


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")


FORMATS: dict[str, Callable[[Tree], str]] = {"obo": obo, "skos": skos, "sssom": sssom}
