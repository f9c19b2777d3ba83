"""What a backend or a namespace is tested with: the conformance suite, the scan of rules, the mock namespace."""

from ._conformance import Result, conformance
from ._mock import Mock, MockArray, MockError, mock
from ._report import report
from ._rules import Finding, scan_rules, test_rule
from ._traced import traced

__all__ = [
    "Finding",
    "Mock",
    "MockArray",
    "MockError",
    "Result",
    "conformance",
    "mock",
    "report",
    "scan_rules",
    "test_rule",
    "traced",
]
