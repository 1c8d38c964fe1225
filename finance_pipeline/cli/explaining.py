"""Printing an explanation as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.tree import Tree

from finance_pipeline.cli.show import console

if TYPE_CHECKING:
    from finance_pipeline.services.reconciliation.explain import Node
    from finance_pipeline.services.workspace import Workspace


def show_explanation(workspace: Workspace, subject: str) -> None:
    """Explain a subject, from the figure down to the source record."""
    from finance_pipeline.services.reconciliation.explain import explain

    console.print(_tree(explain(workspace, subject)))


def _tree(node: Node) -> Tree:
    tree = Tree(f"[bold]{escape(node.title)}[/]")
    for name, value in node.facts.items():
        tree.add(f"[dim]{name}:[/] {escape(value)}")
    for below in node.rests_on:
        tree.add(_tree(below))
    return tree
