"""What is said to each vendor, and what its sandbox answers, against the vendor's own description.

One line per vendor says how much was compared.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import httpx
import pytest

from accord import Verb
from accord.testing import Clerk, ConnectorContract
from connectors.brevo.tests import test_contract as brevo
from connectors.brevo.tests.test_described import described as brevo_description
from connectors.hubspot.tests import test_contract as hubspot
from connectors.hubspot.tests.test_described import described as hubspot_description
from connectors.mailchimp.tests import test_contract as mailchimp
from connectors.mailchimp.tests.test_described import described as mailchimp_description
from connectors.meta.tests import test_contract as meta
from connectors.meta.tests.described import described as meta_description
from connectors.shopify.tests import test_contract as shopify
from connectors.shopify.tests.described import described as shopify_schema
from connectors.shopify.tests.described import problems_of_answer, problems_of_request

Exchanges = Iterable[tuple[httpx.Request, httpx.Response]]
Judge = Callable[[Exchanges, Path], Counter[str]]


def _graphql(exchanges: Exchanges, specs: Path) -> Counter[str]:
    schema, seen = shopify_schema(specs), Counter[str]()
    for request, response in exchanges:
        asked, answer = json.loads(request.content), response.json()
        query, variables = asked["query"], asked["variables"]
        assert problems_of_request(schema, query, variables) == []
        assert problems_of_answer(schema, query, variables, answer["data"]) == []
        seen[query.split("(")[0].split("{")[0].strip()] += 1
    return seen


VENDORS: dict[str, tuple[type[ConnectorContract], Judge]] = {
    "brevo": (brevo.TestBrevo, lambda said, specs: brevo_description(specs).check(said)),
    "hubspot": (hubspot.TestHubSpot, lambda said, specs: hubspot_description(specs).check(said)),
    "mailchimp": (mailchimp.TestMailchimp, lambda said, specs: mailchimp_description(specs).check(said)),
    "meta": (meta.TestMeta, lambda said, specs: meta_description(specs).check(said)),
    "shopify": (shopify.TestShopify, _graphql),
}


def _journey(clerk: Clerk, edited: dict[str, Any]) -> None:
    """Everything the engine could ask of a stream."""
    can, ids = clerk.can, []
    if can.create is not None:
        ids = clerk.create(1, 2, 3)
        clerk.send([clerk.creating(1)])
    if can.read is not None:
        since = clerk.stand.env.now()
        ids = ids or clerk.ids()[:3]
        clerk.rows(), clerk.rows(since=since)
    if can.update is not None and edited and can.read is not None:
        clerk.send([clerk.updating(id_, edited) for id_ in ids])
        clerk.update(ids[0], edited)
    for field in clerk.stream.find_by:
        write = clerk.creating(1)
        clerk.find(field, write.hub_id if field == "hub_id" else str(write.document[field]))
    _consents(clerk, ids)
    if can.delete is not None:
        clerk.delete(ids[-1])
    if can.get is not None:
        clerk.get(*ids)


def _consents(clerk: Clerk, ids: list[str]) -> None:
    """Everything a person could ask for, of somebody known and of a stranger."""
    for verb in Verb:
        if getattr(clerk.can, verb) is None:
            continue
        for channel in sorted(clerk.stream.consent_channels) if verb is not Verb.ERASE else ("",):
            for number, id_ in ((1, ids[0]), (9999, None)):
                clerk.ask(clerk.asking(verb, number, id_, channel, purpose="marketing.direct", grant="g1"))


@pytest.mark.parametrize("vendor", VENDORS)
def test_everything_said_fits_the_vendors_description(
    vendor: str,
    specs: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    suite, judge = VENDORS[vendor][0](), VENDORS[vendor][1]
    stand = suite.build(tmp_path)
    for stream in suite.declared():
        clerk = Clerk(stand, stand.stream(stream.name), suite.sample)
        _journey(clerk, suite.edit(clerk))
    stand.close()
    assert stand.recorder is not None
    seen = judge(stand.recorder.exchanges, specs)
    assert seen.total() == len(stand.recorder.exchanges) > 12
    line = f"{vendor}: {len(seen)} operations, {seen.total()} requests and answers fit the description"
    with capsys.disabled():
        request.config.get_terminal_writer().line(f"\n{line}")
