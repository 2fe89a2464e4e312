"""
Methods that are written once for both clients: threads get a result, event loops an awaitable.

A method is a generator of the steps of its exchanges, or returns the listing to read. The driver that carries out the
steps determines what the caller gets, at run time and for the type checker.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from types import MethodType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, overload

if TYPE_CHECKING:
    from airflow_provider_gong.client.instructions import Steps
    from airflow_provider_gong.client.requests import GongRequest, Listing

P = ParamSpec("P")
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Driver(Protocol):
    """What these methods require of both clients."""

    def steps(self, request: GongRequest[T], /) -> Steps[T]:
        """Return the steps of sending a request."""


class ThreadDriver(Driver, Protocol):
    """A client that blocks."""

    def perform(self, steps: Steps[T], /) -> T:
        """Carry out steps and return their result."""

    def iterate(self, listing: Listing[T], /) -> Iterator[T]:
        """Yield the rows of a listing."""


class LoopDriver(Driver, Protocol):
    """A client that is awaited."""

    async def perform(self, steps: Steps[T], /) -> T:
        """Carry out steps and return their result."""

    def iterate(self, listing: Listing[T], /) -> AsyncIterator[T]:
        """Yield the rows of a listing."""


D = TypeVar("D", ThreadDriver, LoopDriver)


class Driven(Generic[D]):
    """Something with methods of Gong's API."""

    @property
    def _driver(self) -> D:
        """The client that sends what the methods ask for."""
        raise NotImplementedError

    def _send(self, request: GongRequest[T]) -> Steps[T]:
        return self._driver.steps(request)


class Resource(Driven[D]):
    """
    The methods of one kind of object.

    :param api: what it belongs to
    """

    def __init__(self, api: Driven[D]) -> None:
        self._api: Driven[D] = api

    @property
    def _driver(self) -> D:
        driver: D = self._api._driver
        return driver


class ApiMethod(Generic[P, T]):
    """
    Make a method of a generator of steps.

    :param function: yields the steps, returns the result
    """

    def __init__(self, function: Callable[Concatenate[Any, P], Steps[T]]) -> None:
        self._function = _annotated(function, "Steps[", "")

    @overload
    def __get__(self, instance: None, owner: type) -> Callable[Concatenate[Any, P], Any]: ...

    @overload
    def __get__(self, instance: Driven[ThreadDriver], owner: type) -> Callable[P, T]: ...

    @overload
    def __get__(self, instance: Driven[LoopDriver], owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...

    def __get__(self, instance: Driven[Any] | None, owner: type) -> Any:
        return _bound(self._function, instance, lambda driver, steps: driver.perform(steps))


class ApiListing(Generic[P, T]):
    """
    Make a method that yields rows of a function that returns the listing to read.

    :param function: returns the listing; nothing is sent before the first row is asked for
    """

    def __init__(self, function: Callable[Concatenate[Any, P], Listing[T]]) -> None:
        self._function = _annotated(function, "Listing[", "Iterator[")

    @overload
    def __get__(self, instance: None, owner: type) -> Callable[Concatenate[Any, P], Any]: ...

    @overload
    def __get__(self, instance: Driven[ThreadDriver], owner: type) -> Callable[P, Iterator[T]]: ...

    @overload
    def __get__(self, instance: Driven[LoopDriver], owner: type) -> Callable[P, AsyncIterator[T]]: ...

    def __get__(self, instance: Driven[Any] | None, owner: type) -> Any:
        return _bound(self._function, instance, lambda driver, listing: driver.iterate(listing))


def _bound(function: Callable[..., Any], instance: Driven[Any] | None, start: Callable[[Any, Any], Any]) -> Any:
    """Return the method of an instance, with name, documentation and signature of the function; of a class, that."""
    if instance is None:
        return function
    bound = MethodType(function, instance)

    @functools.wraps(bound)
    def method(*args: Any, **kwargs: Any) -> Any:
        return start(instance._driver, bound(*args, **kwargs))

    return method


def _annotated(function: F, internal: str, public: str) -> F:
    """Have the function say, where its signature is shown, what callers get."""
    result: str = function.__annotations__["return"]
    inner = result.removeprefix(internal).removesuffix("]")
    function.__annotations__["return"] = f"{public}{inner}]" if public else inner
    return function
