"""In a process of its own: OpenTelemetry's providers can be set only once."""

import json
import subprocess
import sys

RECORDED = """
import asyncio, json
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from diddo_rules import Cart, Engine, Violation, check

class Fault(Violation):
    "Found on demand."
    code = "FAULT"; http_status = 400; template = "Fault."; remedy = "None."

@check()
def finds(cart: Cart) -> list[Fault]:
    return [Fault(at="")]

@check(requires=(Fault,))
def silenced(cart: Cart) -> list[Fault]:
    return []

@check()
async def asks(cart: Cart) -> list[Fault]:
    return []

early = Engine([finds, silenced])  # made before anybody records
cart = Cart(id="c")
early.validate(cart)
spans = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(provider)
reader = InMemoryMetricReader()
metrics.set_meter_provider(MeterProvider(metric_readers=[reader]))
plain = early.validate(cart)
report = asyncio.run(Engine([finds, asks]).validate_async(cart))
told = {}
for resource in reader.get_metrics_data().resource_metrics:
    for scope in resource.scope_metrics:
        for metric in scope.metrics:
            for point in metric.data.data_points:
                labels = {key.removeprefix("diddo."): value for key, value in point.attributes.items()}
                told.setdefault(metric.name, []).append([labels, getattr(point, "value", getattr(point, "count", None))])
names = {span.context.span_id: span.name for span in spans.get_finished_spans()}
print(json.dumps({
    "codes": [plain.codes, report.codes],
    "spans": [[span.name, names.get(span.parent.span_id) if span.parent else None, dict(span.attributes)]
              for span in spans.get_finished_spans()],
    "metrics": told,
}, default=list))
"""

UNRECORDED = """
import sys
from diddo_rules import Cart, Engine
import diddo_plugins.cost
Engine([diddo_plugins.cost]).validate(Cart(id="c"))
print(sorted(name for name in sys.modules if name.startswith("opentelemetry")))
"""


def run(program: str) -> str:
    return subprocess.run(  # noqa: S603  a program of this file
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout


def test_each_check_has_its_span_and_is_counted() -> None:
    told = json.loads(run(RECORDED))
    assert told["codes"] == [["FAULT"], ["FAULT"]]
    assert [it[:2] for it in told["spans"]] == [
        ["diddo.check finds:finds", "diddo.validate"],
        ["diddo.validate", None],
        ["diddo.check finds:finds", "diddo.validate"],
        ["diddo.check asks:asks", "diddo.validate"],
        ["diddo.validate", None],
    ]
    assert told["spans"][1][2] == {"diddo.point": "api", "diddo.ok": False, "diddo.codes": ["FAULT"]}
    assert told["metrics"]["diddo.validations"] == [[{"ok": False, "point": "api"}, 2]]
    verdicts = {(labels["check"], labels["verdict"]): count for labels, count in told["metrics"]["diddo.checks"]}
    assert verdicts == {("finds:finds", "found"): 2, ("silenced:silenced", "skipped"): 1, ("asks:asks", "passed"): 1}
    assert {labels["check"]: count for labels, count in told["metrics"]["diddo.check.duration"]} == {
        "finds:finds": 2,
        "asks:asks": 1,
    }


def test_nobody_is_made_to_import_it() -> None:
    assert run(UNRECORDED).strip() == "[]"
