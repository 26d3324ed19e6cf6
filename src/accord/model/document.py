"""The base of all models, and the fast path that keeps canonical records as plain JSON.

The engine moves documents (dicts of JSON values), not model instances: :func:`validated` checks a
document and gives its canonical form in one call of pydantic-core, without building objects that
would be dumped again at once. ``Model.model_validate(d).document()`` gives the same; a property test
holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, ClassVar, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import CoreSchema, SchemaValidator, core_schema

from accord.errors import MappingError
from accord.model.record import Document
from accord.model.types import Leaf

Wire = Callable[[Any], Any]


class Canonical(BaseModel):
    """What all canonical models share: frozen, nothing unknown, everything optional.

    A field never given is *unset* (not in ``model_fields_set``); a field given as ``None`` is known
    to be empty.
    """

    # The engine checks documents by :func:`validated`; pydantic's own validator is built by who asks for it.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    wire: ClassVar[Wire | None] = None
    """Checks and normalises the JSON form as a whole; None checks field by field."""

    prepare: ClassVar[Wire | None] = None
    """Normalises what depends on several fields, before they are checked one by one."""

    @model_validator(mode="before")
    @classmethod
    def _prepared(cls, data: Any) -> Any:
        return data if cls.prepare is None else cls.prepare(data)

    @classmethod
    def of(cls, document: Document) -> Self:
        """The instance of a document.

        Raises:
            MappingError: a field does not hold what the schema says.
        """
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            raise _mapping_error(cls, error) from None

    def document(self) -> Document:
        """This record as canonical JSON values, only with the fields that are set."""
        return self.model_dump(mode="json", exclude_unset=True)


def validated(model: type[Canonical], document: Document) -> Document:
    """Check a document against a model and give its canonical JSON form; unset fields stay unset.

    Raises:
        MappingError: a field does not hold what the schema says. Names the field, never the value.
    """
    try:
        return _validator(model).validate_python(document)  # type: ignore[no-any-return]
    except ValidationError as error:
        # "from None": pydantic's own text shows the offending input, which may be personal data.
        raise _mapping_error(model, error) from None


def _mapping_error(model: type[Canonical], error: ValidationError) -> MappingError:
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    place = problems[0]["loc"]
    path = ".".join(str(step) for step in place)
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    said = problems[0]["msg"].removeprefix("Value error, ")
    return MappingError(
        f"{model.__name__}.{path}: {said}{more}",
        hint="Correct the value at its source, or give the field a converter that understands it.",
        facts={
            "field": str(place[0]) if place else "",
            "path": path,
            "fields": sorted({str(problem["loc"][0]) for problem in problems if problem["loc"]}),
        },
    )


@cache
def _validator(model: type[Canonical]) -> SchemaValidator:
    return SchemaValidator(_model_schema(model))


def _model_schema(model: type[Canonical]) -> CoreSchema:
    if model.wire is not None:
        return core_schema.no_info_plain_validator_function(model.wire)
    fields = {
        name: core_schema.typed_dict_field(_schema(info.rebuild_annotation()), required=False)
        for name, info in model.model_fields.items()
    }
    record = core_schema.typed_dict_schema(fields, extra_behavior="forbid")
    if model.prepare is None:
        return record
    return core_schema.no_info_before_validator_function(model.prepare, record)


def _schema(annotation: Any) -> CoreSchema:
    """The JSON-to-JSON schema of a field: leaves, models, collections of them, each maybe null."""
    if get_origin(annotation) is Annotated:
        leaf = next(item for item in annotation.__metadata__ if isinstance(item, Leaf))
        return core_schema.no_info_plain_validator_function(leaf.wire)
    if isinstance(annotation, type) and issubclass(annotation, Canonical):
        return _model_schema(annotation)
    inner = get_args(annotation)
    if get_origin(annotation) is dict:
        return core_schema.dict_schema(_schema(inner[0]), _schema(inner[1]))
    if inner and inner[-1] is type(None):
        return core_schema.nullable_schema(_schema(inner[0]))
    raise TypeError(f"a canonical field cannot have the type {annotation}")
