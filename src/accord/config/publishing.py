"""What Accord gives to people who write a configuration: a JSON Schema for editors, a file to start from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accord.config.models import Config
from accord.secrets import FORMS

if TYPE_CHECKING:
    from accord.plugins import Plugins

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(plugins: Plugins | None = None) -> dict[str, Any]:
    """The JSON Schema of accord.toml; with plugins, the settings of each connector too."""
    schema = Config.model_json_schema(mode="validation")
    schema["$schema"] = DIALECT
    schema["title"] = "accord.toml"
    if plugins is not None:
        schema["$defs"]["ConnectionConfig"] = _connections(schema, plugins)
    return schema


def _connections(schema: dict[str, Any], plugins: Plugins) -> dict[str, Any]:
    """A connection is the table of one of the installed connectors."""
    common = schema["$defs"]["ConnectionConfig"]["properties"]
    choices = []
    for name, connector in plugins.connectors().items():
        own = connector.settings.model_json_schema(
            mode="validation", ref_template=f"#/$defs/{name}.{{model}}"
        )
        for inner, definition in own.pop("$defs", {}).items():
            schema["$defs"][f"{name}.{inner}"] = definition
        own["properties"] = {
            **{key: value for key, value in common.items() if key != "connector"},
            "connector": {"const": name, "description": connector.title or name},
            **{key: _secret(value) for key, value in own.get("properties", {}).items()},
        }
        own["required"] = ["connector", *own.get("required", ())]
        own["title"] = connector.title or name
        choices.append(own)
    return {"anyOf": choices} if choices else schema["$defs"]["ConnectionConfig"]


def _secret(setting: Any) -> Any:
    """A secret is a reference in the file."""
    if isinstance(setting, dict) and setting.get("format") == "password":
        return {"type": "string", "description": f"A reference: {FORMS}", "title": setting.get("title", "")}
    return setting


def template() -> str:
    """A commented accord.toml to start from. It is valid as it stands, and does nothing yet."""
    return _TEMPLATE


_TEMPLATE = """\
# Accord's configuration. `accord check` tests it, `accord config schema` describes every key.

[accord]
store = "sqlite:///accord.db"            # beside this file; or postgresql+psycopg://HOST/DATABASE

# One table for each account. `accord connectors list` shows the connectors, `accord connectors show NAME`
# their settings. A secret never stands here, only where to find it:
#   env:NAME   keyring:SERVICE/USER   store:NAME (set with `accord config secret set NAME`)

# [connections.shop]
# connector = "shopify"
# shop = "acme"
# token = "env:SHOPIFY_TOKEN"

# [connections.crm]
# connector = "hubspot"
# token = "env:HUBSPOT_TOKEN"

# One table for each kind of record that is kept in agreement.

# [flows.customers]
# model = "customer"                     # customer, order, product, inventory_level, location, touchpoint
# both = ["shop", "crm"]                 # read and written; `from` is only read, `to` only written
# purpose = "service.transactional"      # what the data is used for; nothing is written without a purpose
# match = ["email", "phone"]             # equal values link records; doubtful cases wait for you
# conflict = "latest"                    # or prefer:shop, or manual
# delete = "detach"                      # or archive, or propagate
# schedule = "every 10m"                 # for `accord sync --due`; or cron's five fields, in UTC

# [flows.customers.fields]
# loyalty_tier = { owner = "shop" }      # only the owner's value counts

# [flows.customers.limits]               # beyond these a run stops and asks
# max_deletes = "5%"
# max_creates = 5000

# [connections.crm.mapping.contacts]     # custom fields of this account
# "custom.shoe_size" = "properties.shoe_size__c"
"""
