"""Where things are in the checkout that holds these tests."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "reachproof"
CODE_FOLDERS = (
    "api",
    "cli",
    "documents",
    "engines",
    "face",
    "grammar",
    "manifests",
    "network",
    "queries",
    "render",
    "semantics",
    "solver",
)


def modules() -> list[Path]:
    """Every Python module of the product, each once, in a stable order."""
    inside = [path for name in CODE_FOLDERS for path in sorted((ROOT / name).rglob("*.py"))]
    return [*sorted(PACKAGE.glob("*.py")), *inside]


def markdown_pages() -> list[Path]:
    """The pages whose links are promised to work: those at the top, and everything below docs/."""
    top = ("README.md", "AGENTS.md", "CONTRIBUTING.md", "SECURITY.md")
    return [*(ROOT / name for name in top), *sorted((ROOT / "docs").rglob("*.md"))]
