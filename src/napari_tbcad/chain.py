"""A graph of pure stages with state, staleness, caching, progress and cancel; knows nothing of Qt.

A :class:`Chain` is the fixed graph. A :class:`Run` is one film on its way through it: it holds inputs,
settings, the outputs made so far and a person's versions of them. Every value has a content key: an
input's key is a digest of its content, an output's key a digest of its stage, parameters and the keys it
read. So staleness needs no bookkeeping (a key differs or it does not), nothing is computed twice, and the
answer to an edit that has been overtaken is dropped.
"""

from __future__ import annotations

import inspect
import threading
from collections import OrderedDict
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from enum import Enum
from operator import attrgetter
from typing import Any

from pydantic import create_model

from napari_tbcad.content import content_key as content_key
from napari_tbcad.content import digest, size_of
from napari_tbcad.errors import Cancelled
from napari_tbcad.memory import Memory
from napari_tbcad.record import Edit, Parameters

Progress = Callable[[float, str], None]
Probe = Callable[[], bool]

_NO_KEY = ""
"""Key of an output that no computation of today gives."""


class Superseded(Cancelled):
    """An input changed while the work was under way; a newer request will answer."""


class State(Enum):
    """State of a stage in one run."""

    NOT_RUN = "not run"
    RUNNING = "running"
    DONE = "done"
    STALE = "out of date"
    FAILED = "failed"


@dataclass(frozen=True)
class Stage:
    """One node of the graph.

    Parameters
    ----------
    name : str
        Name of the stage and of its section in the settings.
    function : callable
        Called as ``function(*inputs, parameters)``, or ``function(*inputs)`` when it takes none. When its
        signature has ``progress``, ``cancelled`` or ``memory`` (a :class:`~napari_tbcad.memory.Memory` of
        this stage in this run), they are passed by keyword.
    reads : tuple of str
        Names of the values it takes, in order.
    writes : str
        Name of the value it returns.
    parameters : type of Parameters, optional
        Its parameter model, a section of the settings of the stage's name.
    settings : str, optional
        Dotted name of one value in another stage's section, passed instead of a section of its own, so that
        a fact two stages need has one home.
    only_when : mapping of str to callable, optional
        Reads that are taken only when this says so of all settings: otherwise the stage is given None,
        neither waits for the value nor has it computed, and does not become out of date with it.
    """

    name: str
    function: Callable[..., Any]
    reads: tuple[str, ...]
    writes: str
    parameters: type[Parameters] | None = None
    settings: str | None = None
    only_when: Mapping[str, Callable[[Any], bool]] = dataclass_field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if isinstance(self.reads, str):
            object.__setattr__(self, "reads", (self.reads,))

    def taken(self, settings: Any) -> tuple[str, ...]:
        """Return the reads that are taken with these settings."""
        return tuple(n for n in self.reads if n not in self.only_when or self.only_when[n](settings))

    def call(
        self, inputs: list[Any], parameters: Any, *, progress: Progress, cancelled: Probe, memory: Memory
    ) -> Any:
        """Run the stage on `inputs`."""
        known = inspect.signature(self.function).parameters
        wanted = {"progress": progress, "cancelled": cancelled, "memory": memory}
        extra = {name: value for name, value in wanted.items() if name in known}
        arguments = [*inputs, parameters] if self.parameters or self.settings else [*inputs]
        return self.function(*arguments, **extra)


class Chain:
    """A fixed, acyclic graph of stages, listed so that each reads only what stands before it.

    Parameters
    ----------
    *stages : Stage
        The stages in order.
    inputs : tuple of str
        Names of the values a run is given.

    Raises
    ------
    ValueError
        If a stage reads a value that nothing before it writes, or two share a name or an output.
    """

    def __init__(self, *stages: Stage, inputs: tuple[str, ...]) -> None:
        known = set(inputs)
        for stage in stages:
            missing = set(stage.reads) - known
            if missing:
                raise ValueError(
                    f"stage {stage.name!r} reads {sorted(missing)}, which nothing before it writes"
                )
            if stage.writes in known:
                raise ValueError(f"stage {stage.name!r} writes {stage.writes!r}, which is already taken")
            known.add(stage.writes)
        self.stages = stages
        self.inputs = inputs
        self.by_name = {stage.name: stage for stage in stages}
        self.by_output = {stage.writes: stage for stage in stages}
        if len(self.by_name) != len(stages):
            raise ValueError("two stages share a name")

    def settings_model(self, name: str, doc: str) -> type[Parameters]:
        """Return one model with a section per stage that has parameters."""
        sections: dict[str, Any] = {
            s.name: (s.parameters, s.parameters()) for s in self.stages if s.parameters
        }
        return create_model(name, __base__=Parameters, __doc__=doc, __module__=__name__, **sections)

    def upstream(self, *outputs: str, known: Container[str] = (), settings: Any = None) -> list[Stage]:
        """Return the stages needed for `outputs` when the values in `known` are at hand, in order.

        With `settings`, what is read only with other settings is left out.
        """
        wanted = {name for name in outputs if name not in known}
        needed = []
        for stage in reversed(self.stages):
            if stage.writes in wanted and stage.writes not in known:
                needed.append(stage)
                wanted |= set(stage.reads if settings is None else stage.taken(settings))
        return needed[::-1]


class Run:
    """One film in a chain. Safe to read from one thread while another computes.

    Parameters
    ----------
    chain : Chain
        The graph.
    settings : Parameters
        A model with a section per stage (see :meth:`Chain.settings_model`).
    cache_bytes : int, optional
        How much memory kept outputs may take; the least recently used go first.
    """

    def __init__(self, chain: Chain, settings: Parameters, *, cache_bytes: int = 200_000_000) -> None:
        self.chain = chain
        self._settings = settings
        self._lock = threading.RLock()
        self._given: dict[str, tuple[str, Any]] = {}
        self._latest: dict[str, tuple[str, Any]] = {}
        self._failed: dict[str, tuple[str, Exception]] = {}
        self._running: set[str] = set()
        self._memories: dict[str, Memory] = {}
        self._cache: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self._cache_bytes = cache_bytes
        self._cache_size = 0
        self._journal: tuple[Edit, ...] = ()
        self._made_with: dict[str, Any] = {}
        self._keys: dict[tuple[str, bool], str | None] = {}

    # -- what goes in ---------------------------------------------------------------------------------

    @property
    def settings(self) -> Parameters:
        """All parameters, a section per stage."""
        return self._settings

    def configure(self, settings: Parameters) -> None:
        """Replace the settings; stages whose section changed become out of date."""
        with self._lock:
            self._settings = settings
            self._keys.clear()

    def put(
        self,
        name: str,
        value: Any,
        *,
        key: str | None = None,
        edit: Edit | None = None,
        replaces: Edit | None = None,
    ) -> None:
        """Give an input, or a person's version of an output (which then goes before the automatic one).

        Parameters
        ----------
        name : str
            Name of the value.
        value : object
            Not copied: must not be changed afterwards.
        key : str, optional
            Identifies the content where :func:`content_key` cannot, such as a model by its file's hash.
        edit, replaces : Edit, optional
            What the person did, for the journal; at one moment with the value (see :meth:`note`).
        """
        if name not in self.chain.inputs and name not in self.chain.by_output:
            raise KeyError(f"the chain has no value {name!r}")
        key = content_key(value) if key is None else key
        with self._lock:
            self._given[name] = (key, value)
            self._keys.clear()
            self.note(edit, replaces=replaces)

    def withdraw(self, name: str, *, edit: Edit | None = None) -> None:
        """Go back to the automatic version of an output; `edit` goes to the journal at the same moment."""
        with self._lock:
            if name in self.chain.by_output:
                self._given.pop(name, None)
                self._keys.clear()
            self.note(edit)

    def restore(self, name: str, value: Any, *, fresh: bool = True, made_with: Any = None) -> None:
        """Put the automatic version of an output back that was kept from an earlier run.

        Parameters
        ----------
        name : str
            Name of an output.
        value : object
            Not copied.
        fresh : bool, optional
            True: as if it had been computed now, from the inputs, edits and settings the run has now.
            False: as out of date; it is shown until it is computed again.
        made_with : object, optional
            Its stage's parameters then, where they are other than the run's.

        Raises
        ------
        KeyError
            If the chain has no such output, or (for a fresh one) an input it depends on was not given.
        """
        if name not in self.chain.by_output:
            raise KeyError(f"the chain has no output {name!r}")
        with self._lock:
            key = self.key(name, automatic=True) if fresh else _NO_KEY
            if key is None:
                raise KeyError(f"{name} cannot be up to date: an input it needs was not given")
            self._latest[name] = (key, value)
            here = self._parameters(self.chain.by_output[name])
            self._made_with[name] = here if made_with is None else made_with
            if fresh:
                self._keep(key, value)

    def note(self, edit: Edit | None, *, replaces: Edit | None = None) -> None:
        """Add an edit to the journal.

        Parameters
        ----------
        edit : Edit or None
            What a person did; None adds nothing.
        replaces : Edit, optional
            An entry that `edit` continues and whose place it takes; with no `edit` it is struck out.
        """
        with self._lock:
            entries = list(self._journal)
            # One stroke is noted many times: its entry is the last, or nearly.
            place = next((i for i in reversed(range(len(entries))) if entries[i] == replaces), len(entries))
            entries[place : place + 1] = [] if edit is None else [edit]
            self._journal = tuple(entries)

    def snapshot(self) -> Run:
        """Return a run that stands still: the same values, not copied, and no share in what follows."""
        with self._lock:
            other = Run(self.chain, self._settings, cache_bytes=self._cache_bytes)
            other._given, other._latest = dict(self._given), dict(self._latest)
            other._failed, other._journal = dict(self._failed), self._journal
            other._made_with = dict(self._made_with)
            return other

    # -- what is known --------------------------------------------------------------------------------

    def key(self, name: str, *, automatic: bool = False) -> str | None:
        """Return the content key `name` has, or would have when computed now; None if an input lacks."""
        with self._lock:
            # Asked for hundreds of times an edit, and the same until something else goes in.
            if (name, automatic) not in self._keys:
                self._keys[name, automatic] = self._key(name, automatic)
            return self._keys[name, automatic]

    def get(self, name: str, *, automatic: bool = False) -> Any:
        """Return the last value of `name`, a person's before the automatic; None when there is none.

        The value may be out of date: ask :meth:`fresh`.
        """
        with self._lock:
            if name in self._given and not (automatic and name in self.chain.by_output):
                return self._given[name][1]
            return self._latest.get(name, (None, None))[1]

    def fresh(self, name: str, *, automatic: bool = False) -> bool:
        """Return True when :meth:`get` returns what a computation now would return."""
        with self._lock:
            if name in self._given and not (automatic and name in self.chain.by_output):
                return True
            return name in self._latest and self._latest[name][0] == self.key(name, automatic=automatic)

    @property
    def journal(self) -> tuple[Edit, ...]:
        """A person's edits in the order they were made, also of what is automatic again."""
        return self._journal

    def made_with(self, name: str) -> Any:
        """Return the parameters that the automatic version of an output was made with; None for none."""
        return self._made_with.get(name)

    def edited(self, name: str) -> bool:
        """Return True when a person's version of the output stands before the automatic one."""
        return name in self.chain.by_output and name in self._given

    def state(self, stage: str) -> State:
        """Return the state of a stage (of its automatic output)."""
        node = self.chain.by_name[stage]
        with self._lock:
            if stage in self._running:
                return State.RUNNING
            key = self.key(node.writes, automatic=True)
            if stage in self._failed and self._failed[stage][0] == key:
                return State.FAILED
            if node.writes not in self._latest:
                return State.NOT_RUN
            return State.DONE if self._latest[node.writes][0] == key else State.STALE

    def error(self, stage: str) -> Exception | None:
        """Return what the stage last raised, while that still stands."""
        return self._failed[stage][1] if self.state(stage) is State.FAILED else None

    # -- work -----------------------------------------------------------------------------------------

    def compute(
        self,
        *outputs: str,
        automatic: bool = False,
        progress: Progress | None = None,
        cancelled: Probe | None = None,
    ) -> tuple[Any, ...]:
        """Bring `outputs` up to date and return them.

        Parameters
        ----------
        *outputs : str
            Names of values.
        automatic : bool, optional
            Compute the automatic version of `outputs` even where a person's version stands.
        progress : callable, optional
            Called with the share done in [0, 1] and what is being done.
        cancelled : callable, optional
            Polled between stages and inside long ones.

        Returns
        -------
        tuple
            One value per output.

        Raises
        ------
        Cancelled
            When `cancelled` turned true.
        Superseded
            When an input, an edit or a setting changed while the work was under way.
        """
        with self._lock:
            # Settings may name a file that has changed since.
            self._keys.clear()
            # What is up to date needs nothing computed, even where what it came from is not at hand.
            known = {name for name in self.chain.by_output if self.fresh(name)} | set(self._given)
            if automatic:
                known = {n for n in known if n not in outputs or self.fresh(n, automatic=True)}
                known |= {n for n in outputs if self.fresh(n, automatic=True)}
            plan = self.chain.upstream(*outputs, known=known, settings=self._settings)
        for number, stage in enumerate(plan):
            share = number / len(plan)

            def report(part: float, what: str = "", *, share: float = share, name: str = stage.name) -> None:
                if progress is not None:
                    progress(share + part / len(plan), what or name)

            report(0.0)
            self._bring(stage, report, cancelled or (lambda: False))
        with self._lock:
            # What one output needs may have changed while a stage of another was at work.
            for name in outputs:
                if name in self.chain.by_output and not self.fresh(name, automatic=automatic):
                    raise Superseded(name)
            values = tuple(self.get(name, automatic=automatic) for name in outputs)
        if progress is not None:
            progress(1.0, "")
        return values

    def _bring(self, stage: Stage, progress: Progress, cancelled: Probe) -> None:
        with self._lock:
            key = self.key(stage.writes, automatic=True)
            taken = stage.taken(self._settings)
            if key is None:
                lacking = [name for name in taken if self.key(name) is None]
                raise KeyError(f"{stage.name} needs {', '.join(lacking)}")
            if key in self._cache:
                self._cache.move_to_end(key)
                self._take(stage, key, self._cache[key][0], self._parameters(stage))
                return
            if stage.writes in self._latest and self._latest[stage.writes][0] == key:
                return
            if not all(self.fresh(name) for name in taken):
                # A change since they were made: the key would speak of other values than are at hand.
                raise Superseded(stage.name)
            inputs = [self.get(name) if name in taken else None for name in stage.reads]
            parameters = self._parameters(stage)
            memory = self._memories.setdefault(stage.name, Memory())
            self._running.add(stage.name)

        def overtaken() -> bool:
            return self.key(stage.writes, automatic=True) != key

        try:
            if cancelled():
                raise Cancelled(stage.name)
            value = stage.call(
                inputs,
                parameters,
                progress=progress,
                cancelled=lambda: cancelled() or overtaken(),
                memory=memory,
            )
        except Cancelled as error:
            raise (Superseded(stage.name) if overtaken() else error) from None
        except Exception as error:
            with self._lock:
                self._failed[stage.name] = (key, error)
            raise
        finally:
            with self._lock:
                self._running.discard(stage.name)
        with self._lock:
            self._keep(key, value)
            if overtaken():
                raise Superseded(stage.name)
            self._take(stage, key, value, parameters)

    def _take(self, stage: Stage, key: str, value: Any, parameters: Any) -> None:
        """Make a value the latest of its stage; what failed before with the same inputs went well now."""
        self._latest[stage.writes] = (key, value)
        self._made_with[stage.writes] = parameters
        self._failed.pop(stage.name, None)

    def _key(self, name: str, automatic: bool) -> str | None:
        if name in self._given and not (automatic and name in self.chain.by_output):
            return self._given[name][0]
        stage = self.chain.by_output.get(name)
        if stage is None:
            return None
        keys = [self.key(read) for read in stage.taken(self._settings)]
        if any(key is None for key in keys):
            return None
        return digest(stage.name, content_key(self._parameters(stage)), *[key for key in keys if key])

    def _parameters(self, stage: Stage) -> Any:
        if stage.settings:
            return attrgetter(stage.settings)(self._settings)
        return getattr(self._settings, stage.name) if stage.parameters else None

    def _keep(self, key: str, value: Any) -> None:
        size = size_of(value)
        self._cache_size += size - self._cache.pop(key, (None, 0))[1]
        self._cache[key] = (value, size)
        while len(self._cache) > 1 and self._cache_size > self._cache_bytes:
            self._cache_size -= self._cache.popitem(last=False)[1][1]
