"""Subjects of the domain share words and pure rules, never each other's use cases."""

import ast
from pathlib import Path

DOMAIN = Path(__file__).parents[2] / "domain"
SUBJECTS = {"accounts", "actions", "archives", "audit", "boards", "events", "fraud"}
# What one subject may know of another: its words, and rules without a store in them.
SHARED = {"model", "chain", "hash_chain", "names", "diff", "changes", "effects", "wire", "reader"}


def find_trespasses() -> list[str]:
    found = []
    for path in DOMAIN.rglob("*.py"):
        subject = path.relative_to(DOMAIN).parts[0]
        if subject not in SUBJECTS:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("domain."):
                parts = (node.module or "").split(".")
                other, module = parts[1], parts[-1]
                if other in SUBJECTS - {subject} and module not in SHARED:
                    found.append(f"{path.relative_to(DOMAIN)} imports {node.module}")
    return found


def test_no_subject_imports_a_use_case_of_another() -> None:
    assert find_trespasses() == []
