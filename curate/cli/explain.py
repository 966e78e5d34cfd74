"""`curate explain`: why images are joined, or why not."""

from pathlib import Path
from typing import Annotated, Any

import typer

from curate.cli.options import Json, Workspace

SHOWN = 20


def explain(
    image: Annotated[str, typer.Argument(metavar="IMAGE_ID", help="SOURCE:NATIVE_ID")],
    other: Annotated[str | None, typer.Argument(metavar="[IMAGE_ID]", help="A second image: the path between the two.")] = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", help="Write a picture of the two, aligned, with their matches (PNG).")
    ] = None,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Say what an image is tied to and by what; of two images, how they are joined or how near they came."""
    from curate.catalogue import Catalogue, workspace_folder
    from curate.graph.explain import draw_pair, explain_image, explain_pair
    from curate.terminal import Terminal

    terminal = Terminal(as_json=as_json)
    with Catalogue.read(workspace_folder(workspace)) as catalogue:
        if other is None:
            told = explain_image(catalogue, image)
            terminal.result(told, _image_lines(told))
        else:
            told = explain_pair(catalogue, image, other)
            if picture is not None:
                draw_pair(catalogue, image, other).save(picture, "PNG")
                terminal.say(f"picture: {picture}")
            terminal.result(told, _pair_lines(told))


def _image_lines(told: dict[str, Any]) -> list[str]:
    lines = [f"{told['image']} is in component {told['component']} with {len(told['members']) - 1} other images"]
    if assignment := told["assignment"]:
        why = assignment["excluded_reason"] or assignment["pinned"]
        lines.append(f"split {assignment['split']}" + (f" ({why})" if why else ""))
    for edge in told["edges"][:SHOWN]:
        partner = edge["image_b"] if edge["image_a"] == told["image"] else edge["image_a"]
        lines.append(f"  {edge['evidence']:<9}{edge['score']:<7g} {partner}  {edge['basis']}{'  (weak)' if edge['weak'] else ''}")
    if len(told["edges"]) > SHOWN:
        lines.append(f"  … and {len(told['edges']) - SHOWN} more edges (--json has all)")
    return lines


def _pair_lines(told: dict[str, Any]) -> list[str]:
    lines = [f"joined, in component {told['component']}, by {len(told['path'])} steps" if told["linked"] else "not joined"]
    for step in told["path"]:
        lines.append(f"  {step['image_a']} - {step['image_b']}")
        lines += [f"    {edge['evidence']:<9}{edge['score']:<7g} {edge['basis']}" for edge in step["evidence"]]
    lines.append("measured on the two:")
    lines += [f"  {m['evidence']:<9}{m['value']}; asked: {m['asked']}" for m in told["likeness"]]
    return lines
