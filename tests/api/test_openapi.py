"""The OpenAPI document and its page: complete, bounded, and without another machine."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from fastapi.testclient import TestClient

from aprendiz.serving.schemas import ClassifyResponse, ErrorBody


def _schemas_of_requests(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", []):
                yield parameter["schema"]
            for content in operation.get("requestBody", {}).get("content", {}).values():
                yield content["schema"]


def _every_schema(schema: dict[str, Any], document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    yield schema
    inner = list(schema.get("properties", {}).values())
    inner += schema.get("anyOf", []) + schema.get("oneOf", []) + schema.get("allOf", [])
    inner += [schema[key] for key in ("items", "additionalProperties") if schema.get(key)]
    for child in inner:
        yield from _every_schema(child, document)


def test_no_request_has_an_unbounded_string_list_or_object(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    seen = [s for root in _schemas_of_requests(document) for s in _every_schema(root, document)]
    assert [s for s in seen if s.get("type") == "string"], "the walk found nothing"
    for schema in seen:
        match schema.get("type"):
            case "string":
                assert {"maxLength", "enum", "const"} & set(schema), schema
            case "array":
                assert "maxItems" in schema, schema
            case "integer" | "number":
                assert "maximum" in schema and "minimum" in schema, schema
            case "object":
                closed = schema.get("additionalProperties") is False
                assert closed or "maxProperties" in schema, schema


def test_the_limit_is_the_one_of_this_machine(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    text = document["components"]["schemas"]["ClassifyRequest"]["properties"]["text"]
    assert text["maxLength"] == 500
    assert text["description"]
    assert "x-limit" not in json.dumps(document)
    inputs = document["components"]["schemas"]["ClassifyMany"]["properties"]["inputs"]
    assert [each.get("maxItems") for each in inputs["anyOf"]] == [None, 256]


def test_every_status_is_described_with_its_body(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    classify = document["paths"]["/classify"]["post"]["responses"]
    refused = "400 401 404 408 413 415 422 429 500 503 504"
    assert set(classify) == {"200", *refused.split()}
    for status, response in classify.items():
        name = "ClassifyResponse" if status == "200" else "ErrorBody"
        schema = response["content"]["application/json"]["schema"]
        assert schema == {"$ref": f"#/components/schemas/{name}"}
    assert set(document["paths"]["/health"]["get"]["responses"]) == {"200", "503"}
    assert set(document["paths"]) == {
        *("/classify", "/v1/classify", "/predict", "/invocations", "/feedback", "/explain"),
        *("/v2", "/v2/models/{model}", "/v2/models/{model}/ready", "/v2/models/{model}/infer"),
        *("/livez", "/health", "/info", "/metrics", "/v1/models"),
    }
    assert document["components"]["schemas"]["ClassifyRequest"]["example"]["text"]


def test_answers_are_what_the_document_says(client: TestClient) -> None:
    """The answer is built by hand for speed, so nothing else would notice a drift."""
    good = client.post("/classify", json={"text": "label01"}).json()
    told = ClassifyResponse.model_validate(good, strict=True)
    assert told.model_dump(exclude_unset=True) == good
    assert set(told.model_dump()) - set(good) == {"labels"}  # only where texts have several
    bad = client.post("/classify", json={}).json()
    assert ErrorBody.model_validate(bad, strict=True).model_dump() == bad


def test_the_page_needs_no_other_machine(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert not re.search(r"(?:https?:)?//[a-z]", page.text)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "http" not in policy


def test_the_root_leads_to_the_page(client: TestClient) -> None:
    assert client.get("/", follow_redirects=True).headers["content-type"].startswith("text/html")
