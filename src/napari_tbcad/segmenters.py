"""Segmenters by name: a new one is one function and one line in the registry of its workflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from types import MappingProxyType
from typing import Any, TypeVar, cast

from pydantic import create_model, field_validator, model_validator

from napari_tbcad.content import content_key as key_of
from napari_tbcad.content import digest
from napari_tbcad.errors import BadInput
from napari_tbcad.record import Parameters, Record, Step, field

Made = TypeVar("Made")


class Unusable(BadInput):
    """A segmenter cannot work here and now, whatever the image.

    Its model is missing or refused, a library is broken, memory is short. What the workflow has instead is
    named by :attr:`SegmenterEntry.instead`.
    """


@dataclass(frozen=True)
class SegmenterEntry:
    """A segmenter, imported only when it is asked for.

    Parameters
    ----------
    name : str
        Registered name, as in ``--segmenter NAME``.
    module : str
        Module that holds the function and its parameters.
    function_name, parameters_name : str
        Their names in that module.
    description : str
        One sentence for the person who chooses.
    instead : str, optional
        Name of the segmenter that is taken when this one is :class:`Unusable`.
    """

    name: str
    module: str
    function_name: str
    parameters_name: str
    description: str
    instead: str = ""

    @property
    def function(self) -> Callable[..., Any]:
        """The segmenter; what it takes and returns is the workflow's own."""
        return getattr(import_module(self.module), self.function_name)

    @property
    def parameters_class(self) -> type[Parameters]:
        """The pydantic model of its parameters."""
        return getattr(import_module(self.module), self.parameters_name)


Segmenters = Mapping[str, SegmenterEntry]


def registry(*entries: SegmenterEntry) -> Segmenters:
    """Return the entries by name."""
    return MappingProxyType({entry.name: entry for entry in entries})


def segmenter_of(known: Segmenters, name: str) -> SegmenterEntry:
    """Return the segmenter of this name.

    Raises
    ------
    BadInput
        If there is none; the message lists those there are.
    """
    if name not in known:
        raise BadInput("segmenter", f"there is no segmenter {name!r}; there are {', '.join(known)}")
    return known[name]


def call_or_instead(
    known: Segmenters, name: str, call: Callable[[SegmenterEntry], Made], *, what: str
) -> Made:
    """Call the chosen segmenter, or the one that its entry names where it is :class:`Unusable`.

    Parameters
    ----------
    known : mapping
        The registry.
    name : str
        The chosen one.
    call : callable
        Called with an entry; returns what it made: a frozen dataclass with `warnings` and `record`.
    what : str
        What is looked for, such as ``"the lungs"``, for the warning.

    Returns
    -------
    object
        What was made. Where another segmenter stands in, its first warning says so, and the last step of
        its record has the facts ``instead_of`` and ``because``.

    Raises
    ------
    Unusable
        If the chosen one is, and has nothing instead.
    BadInput
        If there is no segmenter of this name.
    """
    chosen = segmenter_of(known, name)
    try:
        return call(chosen)
    except Unusable as error:
        if not chosen.instead:
            raise
        return _standing_in(call(segmenter_of(known, chosen.instead)), chosen, error, what)


def _standing_in(made: Any, wanted: SegmenterEntry, error: Unusable, what: str) -> Any:
    """Say in warnings and record that another segmenter was wanted, and why it was not used."""
    said = f"The {wanted.name} could not be used ({error}); the {wanted.instead} found {what} instead."
    *before, last = made.record
    if isinstance(last, Step):
        last = replace(last, facts={**last.facts, "instead_of": wanted.name, "because": str(error)})
    return replace(made, warnings=(said, *made.warnings), record=Record((*before, last)))


def choice_of(known: Segmenters, *, model: str, module: str, doc: str, default: str, once: str = "") -> Any:
    """Return the parameter model of a stage that chooses a segmenter.

    Parameters
    ----------
    known : mapping
        The registry.
    model, module, doc : str
        Name of the model, the module it is made for (it is pickled by these two) and its docstring.
    default : str
        Name of the default segmenter.
    once : str, optional
        Name of the segmenter that was the only one in an earlier version, its parameters standing in the
        stage's own section: they are still read from there, and mean that segmenter.

    Returns
    -------
    type of Parameters
        Field ``segmenter`` with the name, and one section of parameters for each segmenter.
    """

    class _Choice(Parameters):
        segmenter: str = field(
            default,
            title="Segmenter",
            description=" ".join(f"{entry.name}: {entry.description}" for entry in known.values()),
        )

        @model_validator(mode="before")
        @classmethod
        def _of_an_earlier_version(cls, content: Any) -> Any:
            if not once or not isinstance(content, Mapping):
                return content
            fields = known[once].parameters_class.model_fields
            older = {name: value for name, value in content.items() if name in fields}
            newer = {name: value for name, value in content.items() if name not in fields}
            return {"segmenter": once, once: older, **newer} if older else content

        @field_validator("segmenter")
        @classmethod
        def _known(cls, name: str) -> str:
            return segmenter_of(known, name).name

        @property
        def content_key(self) -> str:
            """Digest of all that is set, and of what the chosen one's parameters name, such as a file."""
            chosen = key_of(getattr(self, self.segmenter))
            return digest(type(self).__name__, self.model_dump_json(), chosen)

    sections = {e.name: (e.parameters_class, e.parameters_class()) for e in known.values()}
    return create_model(model, __base__=_Choice, __module__=module, __doc__=doc, **cast(Any, sections))
