"""The ad account: its nodes, who the token is, and the people on its list."""

from __future__ import annotations

from typing import Any, ClassVar

from accord.sandbox import Request, Response, people
from accord_meta.mapping import customer
from accord_meta.problem import NO_SUCH_NODE
from accord_meta.sandbox.dataset import DATASET, Datasets
from accord_meta.sandbox.graph import ACCOUNT, INVALID_PARAMETER
from accord_meta.sandbox.lists import AUDIENCE, Lists
from accord_meta.streams.members import KEYS

__all__ = ["ACCOUNT", "AUDIENCE", "DATASET", "MetaSandbox"]


class MetaSandbox(Lists, Datasets):
    """One ad account of Meta."""

    settings: ClassVar = {"audience": AUDIENCE, "dataset": DATASET}

    def setup(self) -> None:
        """Tables, routes, limits."""
        self.declare_limits()
        self.declare_lists()
        self.declare_datasets()
        self.rights = {"ads_management": "granted", "business_management": "granted"}
        self.route("GET", "/{version}/me", self.me)
        self.route("GET", "/{version}/me/permissions", self.permissions)
        self.route("GET", "/{version}/{node}", self.node)
        self.route("GET", "/{version}/{node}/customaudiences", self.list_audiences)

    def seed(self, seed: int, size: int) -> None:
        """The account's list and dataset, and the people whom an earlier upload brought."""
        list_ = {"name": "Example customers", "account_id": ACCOUNT, "flagged": False}
        self.audiences.insert(list_, id_=AUDIENCE)
        self.datasets.insert({"name": "Example dataset"}, id_=DATASET)
        for number, person in enumerate(people.known_to("meta", seed, size)):
            held = customer(person.document).values
            row = {KEYS[field]: held[field] for field in KEYS if field in held}
            self.members.insert({"audience": AUDIENCE, **row}, id_=f"{AUDIENCE}:seed-{number}")

    def me(self, request: Request) -> Response:
        """Whose token it is."""
        return self.fields(request, {"id": "10170000000000001", "name": "Example system user"})

    def permissions(self, request: Request) -> Response:  # noqa: ARG002  the same for all
        """What the token may do."""
        rows = [{"permission": name, "status": status} for name, status in self.rights.items()]
        return Response.json({"data": rows})

    def node(self, request: Request) -> Response:
        """An audience, the dataset or the account.

        Raises:
            Refused: there is no such node.
        """
        found = self.known(request.params["node"])
        if found is None:
            raise self.refusal(INVALID_PARAMETER, "Unsupported get request: no such object.", NO_SUCH_NODE)
        return self.fields(request, found)

    def known(self, id_: str) -> dict[str, Any] | None:
        """A node by its id."""
        if (audience := self.audiences.get(id_)) is not None:
            return self.audience_node(audience)
        account = {"id": f"act_{ACCOUNT}", "account_id": ACCOUNT, "name": "Example account"}
        if (dataset := self.datasets.get(id_)) is not None:
            owner = {"id": account["id"], "account_id": ACCOUNT}
            return {"id": id_, "name": dataset.values["name"], "owner_ad_account": owner}
        return account if id_ == account["id"] else None

    def list_audiences(self, request: Request) -> Response:
        """The account's lists."""
        wanted = {"id", *request.arguments("fields")}
        nodes = [self.audience_node(item) for item in self.audiences.items()]
        rows = [{name: value for name, value in node.items() if name in wanted} for node in nodes]
        return Response.json({"data": rows, "paging": {}})
