"""The action of an operation, derived from its name: read, list, export, write or delete; any other name stands for itself."""

import re

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_VERBS = {
    "read": ("get", "head", "read", "select", "query", "scan", "download", "view", "show", "fetch", "clone", "lookup", "describe", "retrieve", "run", "access", "accessed"),
    "list": ("list", "search", "find", "count"),
    "export": ("export", "unload", "dump", "exported"),
    "write": (
        "put", "create", "update", "insert", "write", "upload", "set", "patch", "post", "merge", "copy", "add", "commit", "push", "restore", "upsert", "import", "edit",
        "complete", "abort", "rename", "move", "replace", "append", "modify", "mutate",
    ),
    "delete": ("delete", "destroy", "remove", "purge", "drop", "truncate"),
}  # fmt: skip
_ACTIONS = {verb: action for action, verbs in _VERBS.items() for verb in verbs}
_LEADING = ("admin", "batch", "transact", "beta", "v1", "multi", "permanently", "aggregated")


def action(operation: str | None) -> str | None:
    """Return the action of an operation named like `GetObject`, `storage.objects.get` or `ListBuckets`."""
    if not operation:
        return None
    last = re.split(r"[./:]", operation)[-1] or operation
    words = [word.lower() for word in _WORDS.findall(last)]
    words = [word for word in words if word not in _LEADING] or words
    return _ACTIONS.get(words[0], operation) if words else operation
