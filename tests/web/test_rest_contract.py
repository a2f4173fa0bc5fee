"""REST keeps to its own OpenAPI document, whatever is sent: generated requests, right and wrong ones (schemathesis).

A few for each operation here; `make test-rest` sends more than 5,000.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("schemathesis", reason="the contract test needs schemathesis: the extra 'dev' has it")

import schemathesis
from hypothesis import settings
from schemathesis import checks
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode

from expert.model import Knowledge
from expert.web import rest, rest_document
from expert.web.app import create_app
from expert.web.settings import LOOPBACK_NAMES, Settings

EXAMPLES = int(os.environ.get("MYOLOGIC_REST_EXAMPLES", "2"))  # of each operation and kind
# Every boundary of every field of a case is tried once, some 1,800 of them, and not again where a case stands inside a question.
SAME_CASE = {"batch", "why", "why-not", "overturn", "next", "drivers", "uncertainty", "graph", "steps", "compare", "report"}
CONFIG = SchemathesisConfig.from_dict({
    "base-url": "http://127.0.0.1",
    "phases": {"coverage": {"enabled": EXAMPLES > 10}},
    "checks": {
        "positive_data_acceptance": {"expected-statuses": ["2xx", "404", "422", "400"]},
        "negative_data_rejection": {"expected-statuses": ["400", "404", "405", "413", "415", "422"]},
    },
    "operations": [
        # Lines are no JSON: whatever is sent is lines of something, and each is answered for itself.
        {"include-operation-id": "batch", "checks": {"negative_data_rejection": {"enabled": False}}},
        *({"include-operation-id": one.id, "phases": {"coverage": {"enabled": False}}} for one in rest.OPERATIONS if one.id in SAME_CASE),
    ],
})  # fmt: skip

_made: list[Any] = []


@pytest.fixture(autouse=True, scope="module")
def _application(knowledge: Knowledge) -> Iterator[None]:
    _made.append(create_app(Settings(hosts=(*LOOPBACK_NAMES, "testserver")), knowledge))
    yield
    by_status = Counter[int]()
    for (_, status), count in ANSWERED.items():
        by_status[status] += count
    told = ", ".join(f"{count} answered {status}" for status, count in sorted(by_status.items()))
    assert EXAMPLES < 120 or sum(by_status.values()) > 5000
    print(f"\n{sum(by_status.values())} requests to {len({label for label, _ in ANSWERED})} operations: {told}")


async def application(scope: Any, receive: Any, send: Any) -> None:
    """The application, made when the tests begin and not when they are collected."""
    if scope["type"] == "http":
        await _made[-1](scope, receive, send)


schema = schemathesis.openapi.from_dict(json.loads(rest_document.text(rest.OPERATIONS)), config=CONFIG)
schema.app = application
ANSWERED: Counter[tuple[str, int]] = Counter()


@schemathesis.serializer("application/x-ndjson")
def lines(context: Any, value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


@schema.parametrize()
@settings(max_examples=EXAMPLES)
def test_every_answer_is_one_that_the_document_declares(case: Any) -> None:
    response = case.call()
    ANSWERED[case.operation.label, response.status_code] += 1
    case.validate_response(response, excluded_checks=[checks.unsupported_method])
    if response.status_code == 422 and case.meta.generation.mode is GenerationMode.POSITIVE:
        told = response.json()
        assert told["type"] != "/v1/docs#shape" or all(map(beyond_schemas, told["faults"])), response.text


def beyond_schemas(fault: dict[str, Any]) -> bool:
    """What a JSON Schema cannot refuse: a day that no calendar has, and 15.0 where 15 is meant."""
    return fault["pointer"].endswith("/date") or "a whole number is expected" in fault["message"]
