"""What all kinds share: the strict base model, choices between fields, and the written forms of values.

The models are the only source of the language: documents are checked by them, and the JSON Schemas and the
reference are generated from them. They describe; they are not what the rest of the program works with. Rules
between fields that JSON Schema cannot express are not here but in `specs.rules`.

A field that may be left out has the type of its value, without None: `image:` with nothing behind it is a mistake
in a document (and a removal in an overlay), so `null` fits no field.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from eeveon.specs import quantities

NAME_PATTERN = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
KEY_PATTERN = "^[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?$"
VARIABLE_PATTERN = "^[A-Za-z_][A-Za-z0-9_.-]*$"
TEXT_PATTERN = r"^[^\x00]*$"
FILLED_PATTERN = r"^[^\x00]+$"
ABSOLUTE_PATTERN = r"^/[^\x00]*$"
RELATIVE_PATTERN = r"^[^/\x00][^\x00]*$"
IMAGE_PATTERN = "^[!-~]+$"
# What is handed to a connection or a script of a host. A first letter that is no dash is never taken for an option.
HOST_PATTERN = r"^[A-Za-z0-9_.:][A-Za-z0-9_.:%-]*$"
LOGIN_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9_.@-]*\$?$"
HOST_KEY_PATTERN = r"^[a-z0-9@.-]+ [A-Za-z0-9+/]+=*( .*)?$"
HOST_FOLDER_PATTERN = r"^(~/|/)[A-Za-z0-9_.@+/-]*$"
# What goes into the configuration of a load balancer: nothing in it can end a word, a line or a section there.
DOMAIN_PATTERN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
PREFIX_PATTERN = r"^/([A-Za-z0-9._~-]+/)*[A-Za-z0-9._~-]*$"
LINE_PATTERN = r"^[^\x00-\x1f\x7f]+$"
NETWORK_PATTERN = "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$"
SOCKET_PATTERN = r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9][A-Za-z0-9.-]*):[0-9]{1,5}$"

MOST: Final = 100_000  # a bound for counts that nobody meets

ONE_OF: Final = "one_of"
AT_LEAST_ONE: Final = "at_least_one"
NEEDS: Final = "needs"


def may(description: str, **more: Any) -> Any:
    """A field that may be left out. Without `default` there is nothing in its place."""
    return Field(default=more.pop("default", None), description=description, **more)


def must(description: str, example: object, **more: Any) -> Any:
    """A field that is needed; the example is shown where it is missing."""
    return Field(description=description, examples=[example], **more)


class Spec(BaseModel):
    """A mapping of known fields, each of exactly its own type."""

    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)


class Choice(Spec):
    """A mapping in which fields stand for each other."""

    exactly_one: ClassVar[tuple[str, ...]] = ()
    at_least_one: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[Mapping[str, str]] = {}  # a field, and the one that it is written beside

    @model_validator(mode="after")
    def _choose(self) -> Self:
        given = self.model_fields_set
        if self.exactly_one and len(given.intersection(self.exactly_one)) != 1:
            raise _refusal(ONE_OF, given=sorted(given & {*self.exactly_one}), known=self.exactly_one)
        if self.at_least_one and given.isdisjoint(self.at_least_one):
            raise _refusal(AT_LEAST_ONE, given=[], known=self.at_least_one)
        for field, needed in self.needs.items():
            if field in given and needed not in given:
                raise _refusal(NEEDS, given=[field], known=(needed,))
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The same rules in the words of JSON Schema."""
        schema = handler(core)
        body = handler.resolve_ref_schema(schema)
        if cls.exactly_one:
            body["oneOf"] = [{"required": [to_camel(field)]} for field in cls.exactly_one]
        if cls.at_least_one:
            body["anyOf"] = [{"required": [to_camel(field)]} for field in cls.at_least_one]
        if cls.needs:
            body["dependentRequired"] = {to_camel(key): [to_camel(need)] for key, need in cls.needs.items()}
        return schema


def _refusal(kind: Literal["one_of", "at_least_one", "needs"], **fields: Any) -> PydanticCustomError:
    named = {name: [to_camel(field) for field in value] for name, value in fields.items()}
    return PydanticCustomError(kind, "a choice between fields", named)


def _whole(value: object) -> object:
    """JSON does not tell 3.0 from 3, so neither do we."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Item = TypeVar("Item")

Whole = Annotated[int, BeforeValidator(_whole)]
Count = Annotated[int, Field(ge=0, le=MOST), BeforeValidator(_whole)]
Positive = Annotated[int, Field(ge=1, le=MOST), BeforeValidator(_whole)]
PortNumber = Annotated[int, Field(ge=1, le=65535), BeforeValidator(_whole)]
Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=40)]
NamespaceName = Annotated[str, Field(pattern=NAME_PATTERN, max_length=63)]
ClassName = Annotated[str, Field(pattern=DOMAIN_PATTERN, max_length=253)]
Text = Annotated[str, Field(pattern=TEXT_PATTERN)]
Filled = Annotated[str, Field(pattern=FILLED_PATTERN)]
Key = Annotated[str, Field(pattern=KEY_PATTERN, max_length=253)]
Variable = Annotated[str, Field(pattern=VARIABLE_PATTERN)]
AbsolutePath = Annotated[str, Field(pattern=ABSOLUTE_PATTERN)]
RelativePath = Annotated[str, Field(pattern=RELATIVE_PATTERN)]
Image = Annotated[str, Field(pattern=IMAGE_PATTERN)]
HostName = Annotated[str, Field(pattern=HOST_PATTERN)]
LoginName = Annotated[str, Field(pattern=LOGIN_PATTERN, max_length=64)]
HostKey = Annotated[str, Field(pattern=HOST_KEY_PATTERN)]
HostFolder = Annotated[str, Field(pattern=HOST_FOLDER_PATTERN)]
Domain = Annotated[str, Field(pattern=DOMAIN_PATTERN, max_length=253)]
Prefix = Annotated[str, Field(pattern=PREFIX_PATTERN, max_length=255)]
Line = Annotated[str, Field(pattern=LINE_PATTERN)]
Network = Annotated[str, Field(pattern=NETWORK_PATTERN)]
SocketAddress = Annotated[str, Field(pattern=SOCKET_PATTERN)]
Money = Annotated[str, Field(pattern=quantities.MONEY)]
Duration = Annotated[str, Field(pattern=quantities.DURATION)]
Size = Annotated[str, Field(pattern=quantities.SIZE)]
Share = Annotated[str, Field(pattern=quantities.SHARE)]
CountOrShare = Count | Share
Cpu = Annotated[float, Field(gt=0, le=MOST)] | Annotated[str, Field(pattern=quantities.CPU)]
Argument = Text | Whole  # a number is taken as its digits
Filledlist = Annotated[list[Item], Field(min_length=1)]
Free = dict[str, Any]


class Metadata(Spec):
    """What a document is called, and what is said about it."""

    name: Name = must("Unique for its kind in an environment: lower-case letters, digits and `-`.", "web")
    labels: dict[Key, Text] = may("Pairs by which policies select, and which targets carry.")
    annotations: dict[Key, Text] = may("Notes for people and tools. EEveon does not read them.")
    protected: bool = may("Whether what this document describes is never removed.", default=False)


class Drain(Spec):
    """How something leaves service: it gets no new requests, and those in hand are waited for."""

    timeout: Duration = may("The longest wait for requests in hand.", default="30s")


ApiVersion = Literal["eeveon/v2"]
VERSION_NOTE = "The version of the language. Needed in the Project only; other documents may repeat it."


class DriftSpec(Spec):
    """How an environment that `eeveon serve` follows is looked at when nothing was committed."""

    every: Duration = may("How often. Without it, as the controller's file says, or every 5m.")
    action: Literal["report", "revert"] = may(
        "What follows when something runs otherwise than the applied commit says. Without it, as the controller's "
        "file says, or `report`."
    )
