"""Signs in the text of a file, which is not read as objects, that it holds a policy or makes one.

Cautious: a file without any of the signs is passed over in silence, so in doubt there is one. Trusted by every verdict
about a folder; checked by tests/manifests/test_stray_files.py.
"""

from __future__ import annotations

import re

from reachproof.manifests.kinds.not_read.table import NOT_READ_KINDS
from reachproof.manifests.kinds.registry import POLICY_KINDS, SUPPORT_KINDS

_DECIDING = sorted(
    {
        *(kind.kind for kind in POLICY_KINDS),
        *(kind.kind for kind in SUPPORT_KINDS),
        *(kind for row in NOT_READ_KINDS for kind in row.kinds),
    }
)
# A kind that decides what may be reached, or one that is filled in later: by a template, a variable, an alias of YAML.
# What stands before `kind` may be the end of an escape, as in "apiVersion: v1\nkind: NetworkPolicy".
_NAMES_POLICY = re.compile(
    rf"kind[\"']?\s*:\s*(?:[&!]\S+\s+)?\\?[\"']?(?:(?:{'|'.join(_DECIDING)})(?:List)?\b|\{{[{{%]|\$|\*)".encode()
)
# By ansible-vault, git-crypt, age, PGP, and by sops: a whole file as one text, or an object with all of its values.
_ENCRYPTED = re.compile(
    rb"\$ANSIBLE_VAULT|\0GITCRYPT\0|-----BEGIN (?:AGE ENCRYPTED FILE|PGP MESSAGE)-----|"
    rb"\{?\s*[\"']?data[\"']?\s*:\s*[\"']?ENC\["
)
_ENCRYPTED_KIND = re.compile(rb"^\{?[ \t]*[\"']?kind[\"']?\s*:\s*[\"']?ENC\[", re.MULTILINE)
# The parts of a template that put nothing into its text: conditions, loops, comments, variables.
_SILENT = re.compile(
    rb"\{\{-?\s*(?:/\*.*?\*/|(?:if|else|end|range|with|define|break|continue)\b[^}]*|\$\w+\s*:?=[^}]*?)\s*-?\}\}",
    re.DOTALL,
)
_DOCUMENTS = re.compile(rb"^---", re.MULTILINE)
_HAS_KIND = re.compile(rb"^\{?[ \t]*[\"']?kind[\"']?\s*:", re.MULTILINE)


def is_encrypted(data: bytes) -> bool:
    """True if the file is encrypted, so that not even its kinds can be read."""
    return _ENCRYPTED.match(data) is not None or _ENCRYPTED_KIND.search(data) is not None


def names_policy(data: bytes) -> bool:
    """True if the text has an object of a kind that decides what may be reached, or of one that it does not say."""
    return _NAMES_POLICY.search(data) is not None


def makes_objects(template: bytes) -> bool:
    """True if a document of a template has no kind of its own, so what is filled in may be any object."""
    documents = _DOCUMENTS.split(_SILENT.sub(b"", template))
    return any(b"{{" in each and _HAS_KIND.search(each) is None for each in documents)
