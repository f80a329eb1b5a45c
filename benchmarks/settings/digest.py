"""A short name for what a configuration says."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel


def digest(value: BaseModel | dict[str, Any]) -> str:
    """Hash of a configuration, 16 hexadecimal digits."""
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    canonical = json.dumps(plain, sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
