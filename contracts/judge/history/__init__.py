"""The earlier exchanges of a run, the sessions that they show, and what is one session's own."""

from __future__ import annotations

from specimen.contracts.judge.history.subjects import History, read_subject, same_caller, subjects

__all__ = ["History", "read_subject", "same_caller", "subjects"]
