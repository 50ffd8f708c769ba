"""Native messages in Python's logging."""

from __future__ import annotations

import logging
import sys
from enum import Enum
from types import SimpleNamespace

import pytest

from hpinfer import _native_log

LogLevel = Enum("LogLevel", ["DEBUG", "INFO", "WARNING", "ERROR"])


@pytest.fixture
def native(monkeypatch):
    fake = SimpleNamespace(calls=[], sink=None, LogLevel=LogLevel)

    def set_log_sink(sink, level):
        fake.sink = sink
        fake.calls.append(level)

    fake.set_log_sink = set_log_sink
    monkeypatch.setitem(sys.modules, "hpinfer._native", fake)
    monkeypatch.setattr("hpinfer._native", fake, raising=False)
    monkeypatch.setattr(_native_log, "_link", _native_log._NativeLink())
    logger = logging.getLogger("hpinfer")
    before = logger.level
    yield fake
    logger.setLevel(before)


def test_native_messages_reach_the_logger_with_their_level(native, caplog):
    with caplog.at_level(logging.INFO, logger="hpinfer"):
        _native_log.connect_native_log()
        native.sink(LogLevel.WARNING, "100 % of\nmemory")
    assert native.calls == [LogLevel.WARNING]
    assert [(item.name, item.levelno, item.getMessage()) for item in caplog.records] == [
        ("hpinfer", logging.WARNING, "100 % of\nmemory")
    ]


def test_what_engines_tell_as_information_is_for_debugging(native, caplog):
    with caplog.at_level(logging.DEBUG, logger="hpinfer"):
        _native_log.connect_native_log()
        native.sink(LogLevel.INFO, "initializing session")
    assert native.calls == [LogLevel.DEBUG]
    assert caplog.records[0].levelno == logging.DEBUG


def test_shapes_that_an_exporter_got_wrong_are_for_debugging(native, caplog):
    with caplog.at_level(logging.DEBUG, logger="hpinfer"):
        _native_log.connect_native_log()
        native.sink(LogLevel.WARNING, "Expected shape {} is not {1} (VerifyOutputSizes)")
        native.sink(LogLevel.WARNING, "Error merging shape info (MergeShapeInfo)")
        native.sink(LogLevel.WARNING, "something else")
    levels = [record.levelno for record in caplog.records]
    assert levels == [logging.DEBUG, logging.DEBUG, logging.WARNING]


def test_connecting_again_only_follows_a_changed_level(native):
    logger = logging.getLogger("hpinfer")
    for level in (logging.WARNING, logging.WARNING, logging.DEBUG, logging.WARNING):
        logger.setLevel(level)
        _native_log.connect_native_log()
    assert native.calls == [LogLevel.WARNING, LogLevel.DEBUG, LogLevel.WARNING]


@pytest.mark.parametrize(
    ("level", "native_level"),
    [
        (1, "DEBUG"),
        (logging.DEBUG, "DEBUG"),
        (15, "WARNING"),
        (logging.INFO, "WARNING"),
        (logging.ERROR, "ERROR"),
        (logging.CRITICAL, "ERROR"),
    ],
)
def test_the_lowest_native_level_that_would_be_shown_is_set(native, level, native_level):
    logging.getLogger("hpinfer").setLevel(level)
    _native_log.connect_native_log()
    assert native.calls == [LogLevel[native_level]]


def test_the_library_logger_has_no_other_handler_than_the_null_one():
    handlers = logging.getLogger("hpinfer").handlers
    assert any(isinstance(handler, logging.NullHandler) for handler in handlers)
    assert not any(type(handler) is logging.StreamHandler for handler in handlers)
