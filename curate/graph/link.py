"""The stage `link`: all evidence that the policy names, the edges that follow, and the components they make."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import networkx as nx

from curate.catalogue import Catalogue, digest_of, stage_record
from curate.catalogue.stages import digest_of_rows, record_stage, replace_findings, required_stage
from curate.catalogue.verdicts import last_verdicts, stored_verdicts
from curate.engines import Engine
from curate.errors import NotReadyError
from curate.fingerprints.stage import fingerprints_are_current
from curate.graph.calibration import calibration_of, digest
from curate.graph.components import components
from curate.graph.evidence import KINDS, Edge, Evidence
from curate.graph.evidence.local import same_skin
from curate.graph.policy import Policy

STAGE = "link"
VERSION = 3


def link(catalogue: Catalogue, policy: Policy, engine: Engine, progress: Callable[[str], None] | None = None) -> dict[str, Any]:
    """Find the edges and components of all pictures, in place of those of the last run.

    Args:
        catalogue: open for writing, fingerprints up to date.
        policy: which evidence counts, and from where.
        engine: where pairs of pictures are verified.
        progress: called with the name of each kind of evidence before it runs.

    Returns:
        The summary: pictures, edges and pairs compared by evidence, evidence that could not run and why, what an
        approximate search found of the nearest, components, components of several images, the largest, findings.
    """
    input_digest = _input_digest(catalogue, policy)
    last = stage_record(catalogue, STAGE)
    if last and last.input_digest == input_digest:
        return {**last.summary, "skipped": True}
    evidence: dict[str, Evidence] = {}
    for name in policy.evidence:
        if progress:
            progress(name)
        if name == "local":
            evidence[name] = same_skin(catalogue, policy, engine, copies_of(evidence), near_of(evidence))
        else:
            evidence[name] = KINDS[name](catalogue, policy)
    edges, findings = _with_verdicts(catalogue, [e for found in evidence.values() for e in found.edges])
    findings += [f for found in evidence.values() for f in found.findings]
    images = [image for (image,) in catalogue.rows("SELECT image_id FROM pictures ORDER BY image_id")]
    whole = components(images, ((e.image_a, e.image_b) for e in edges))
    lesion = components(images, ((e.image_a, e.image_b) for e in edges if e.evidence != "patient"))
    findings += _component_findings(edges, whole, policy)
    sizes: defaultdict[str, int] = defaultdict(int)
    for component in whole.values():
        sizes[component] += 1
    summary = {
        "pictures": len(images),
        "edges": {name: sum(1 for e in edges if e.evidence == name) for name in (*policy.evidence, "verdict")},
        "pairs_compared": {name: found.pairs_compared for name, found in evidence.items()},
        "not_run": {name: found.not_run for name, found in evidence.items() if found.not_run},
        "nearest_found": {what: share for found in evidence.values() for what, share in found.nearest_found.items()},
        "calibration": next((found.calibration for found in evidence.values() if found.calibration), None),
        "components": len(sizes),
        "components_with_several": sum(1 for n in sizes.values() if n > 1),
        "largest_component": max(sizes.values(), default=0),
        "findings": len(findings),
    }
    with catalogue.transaction():
        _write(catalogue, edges, whole, lesion)
        replace_findings(catalogue, STAGE, findings)
        edges_digest = digest_of_rows(catalogue, "SELECT * FROM edges ORDER BY image_a, image_b, evidence")
        record_stage(
            catalogue,
            STAGE,
            input_digest=input_digest,
            output_digest=digest_of(input_digest, edges_digest),
            settings={"policy": policy.model_dump(mode="json")},
            summary=summary,
        )
    return {**summary, "skipped": False}


def copies_of(evidence: dict[str, Evidence]) -> Iterator[tuple[str, str]]:
    """Yield the pairs that are copies of one photograph by their bytes, pixels or hashes."""
    for name in ("bytes", "pixels", "hash"):
        if name in evidence:
            yield from ((e.image_a, e.image_b) for e in evidence[name].edges if not e.weak)


def near_of(evidence: dict[str, Evidence]) -> list[tuple[str, str]]:
    """Return the pairs that evidence came near to tie; weak edges are among them."""
    edges = [(e.image_a, e.image_b) for name in ("hash", "cnn") if name in evidence for e in evidence[name].edges if e.weak]
    return edges + [pair for found in evidence.values() for pair in found.near]


def link_is_current(catalogue: Catalogue) -> bool:
    """Say whether the last run read what the catalogue holds now."""
    last = required_stage(catalogue, STAGE, "curate link")
    return last.input_digest == _input_digest(catalogue, Policy.model_validate(last.settings["policy"]))


def _input_digest(catalogue: Catalogue, policy: Policy) -> str:
    fingerprints = required_stage(catalogue, "fingerprint", "curate fingerprint")
    if not fingerprints_are_current(catalogue):
        raise NotReadyError("Pictures were ingested or changed since the last fingerprints.", "Run `curate fingerprint` first.")
    ingests = catalogue.rows("SELECT scope, output_digest FROM stages WHERE stage = 'ingest' ORDER BY scope")
    verdicts = sorted((*pair, v.verdict) for pair, v in last_verdicts(stored_verdicts(catalogue)).items())
    calibration = digest(calibration_of(policy.calibration)) if "local" in policy.evidence else None
    return digest_of(VERSION, policy.model_dump(mode="json"), calibration, fingerprints.output_digest, ingests, verdicts)


def _with_verdicts(catalogue: Catalogue, edges: list[Edge]) -> tuple[list[Edge], list[dict[str, Any]]]:
    """Apply what people decided: *same* is a must-link edge, *different* takes the pair's own candidate edges away.

    A *different* that contradicts must-link evidence changes nothing and is a finding. The last verdict on a pair counts.
    """
    there = {image for (image,) in catalogue.rows("SELECT image_id FROM pictures")}
    last = last_verdicts(stored_verdicts(catalogue))
    verdicts = {pair: v.verdict for pair, v in last.items() if there.issuperset(pair)}
    if not verdicts:
        return edges, []
    different = {pair for pair, verdict in verdicts.items() if verdict == "different"}
    kept = [e for e in edges if e.must_link or (e.image_a, e.image_b) not in different]
    findings = [
        {
            "id": "verdict.against-must-link",
            "severity": "error",
            "message": f"A reviewer says different, {e.evidence} says same ({e.basis}).",
            "component": None,
            "images": [e.image_a, e.image_b],
        }
        for e in kept
        if (e.image_a, e.image_b) in different and e.evidence != "patient"
    ]
    same = [Edge(a, b, "verdict", 1.0, True, False, "a reviewer says same") for (a, b), v in verdicts.items() if v == "same"]
    return kept + same, findings


def _component_findings(edges: list[Edge], whole: dict[str, str], policy: Policy) -> list[dict[str, Any]]:
    """Return components over the size budget, and those that hang together by a single weak edge."""
    members: dict[str, list[str]] = defaultdict(list)
    for image, component in whole.items():
        members[component].append(image)
    budget = max(policy.largest_count, int(policy.largest_share * len(whole)))
    findings = [
        {
            "id": "component.over-budget",
            "severity": "warning",
            "message": f"A component of {len(images)} images; the policy's budget is {budget}. Kept whole, in train.",
            "component": component,
            "images": sorted(images),
        }
        for component, images in sorted(members.items())
        if len(images) > budget
    ]
    strong: dict[tuple[str, str], bool] = {}
    for edge in edges:
        pair = (edge.image_a, edge.image_b)
        strong[pair] = strong.get(pair, False) or not edge.weak
    with_weak = {whole[a] for (a, _), is_strong in strong.items() if not is_strong}
    graph = nx.Graph(pair for pair in strong if whole[pair[0]] in with_weak)
    bridges = sorted(tuple(sorted(bridge)) for bridge in nx.bridges(graph))
    weak = [bridge for bridge in bridges if not strong[bridge]]
    findings += [
        {
            "id": "component.weak-bridge",
            "severity": "info",
            "message": f"Only a weak edge joins {a} and {b}; their component of {len(members[whole[a]])} images stays in train.",
            "component": whole[a],
            "images": [a, b],
        }
        for a, b in weak
    ]
    return findings


def _write(catalogue: Catalogue, edges: list[Edge], whole: dict[str, str], lesion: dict[str, str]) -> None:
    catalogue.execute("DELETE FROM edges")
    catalogue.execute("DELETE FROM components")
    catalogue.insert("edges", [e._asdict() for e in sorted(edges, key=lambda e: e[:3])])
    catalogue.insert("components", [{"image_id": i, "component": c, "lesion_component": lesion[i]} for i, c in whole.items()])
