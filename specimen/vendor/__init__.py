"""What others made and we ship; `vendor.toml` says where each file is from."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
