"""Queries that are requested faster than they are answered."""

from __future__ import annotations

import asyncio
import threading

from textual.app import App
from textual.pilot import Pilot

from core.errors import Cancelled, LibraryError
from tui.jobs.latest import LatestQuery


class Answers:
    """A slow reader: it answers when it is let, and keeps what it was asked."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.read_: list[int] = []
        self.got: list[tuple[int, str]] = []
        self.failed_: list[tuple[int, str]] = []

    def read(self, question: int, _: threading.Event) -> str:
        self.read_.append(question)
        assert self.go.wait(30)
        if question < 0:
            raise LibraryError("cannot be read")
        return f"answer {question}"

    def answer(self, question: int, value: str) -> None:
        self.got.append((question, value))

    def failed(self, question: int, error: Exception) -> None:
        self.failed_.append((question, str(error)))


async def idle(pilot: Pilot[None], latest: LatestQuery[int, str]) -> None:
    """Wait until every question is answered."""
    while latest.busy:
        await pilot.pause(0.01)


async def test_of_those_asked_meanwhile_only_the_newest_is_answered() -> None:
    app: App[None] = App()
    answers = Answers()
    async with app.run_test() as pilot:
        latest = LatestQuery[int, str](app, "test", answers.read, answers.answer, answers.failed)
        for question in (1, 2, 3, 4):
            latest.ask(question)
            while not answers.read_:
                await pilot.pause(0.01)
        answers.go.set()
        await idle(pilot, latest)
        assert answers.read_ == [1, 4]
        assert answers.got == [(1, "answer 1"), (4, "answer 4")]


async def test_a_failure_is_told_and_the_next_question_answered() -> None:
    app: App[None] = App()
    answers = Answers()
    answers.go.set()
    async with app.run_test() as pilot:
        latest = LatestQuery[int, str](app, "test", answers.read, answers.answer, answers.failed)
        latest.ask(-1)
        await idle(pilot, latest)
        latest.ask(5)
        await idle(pilot, latest)
        assert answers.failed_ == [(-1, "cannot be read")]
        assert answers.got == [(5, "answer 5")]


async def test_a_forgotten_question_is_not_answered() -> None:
    app: App[None] = App()
    answers = Answers()
    async with app.run_test() as pilot:
        latest = LatestQuery[int, str](app, "test", answers.read, answers.answer, answers.failed)
        latest.ask(1)
        while not answers.read_:
            await pilot.pause(0.01)
        latest.ask(2)
        latest.forget()
        answers.go.set()
        await idle(pilot, latest)
        assert answers.got == [(1, "answer 1")]


class Patient:
    """Reads until its answer is wanted no more."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.cancelled: list[int] = []

    def read(self, question: int, cancel: threading.Event) -> str:
        self.begun.append(question)
        if question == 0:
            return "at once"
        assert cancel.wait(30)
        self.cancelled.append(question)
        raise Cancelled("cancelled")


async def test_what_is_wanted_no_more_is_given_up_and_not_answered() -> None:
    app: App[None] = App()
    answers, patient = Answers(), Patient()
    async with app.run_test() as pilot:
        latest = LatestQuery[int, str](app, "test", patient.read, answers.answer, answers.failed)
        latest.ask(1)
        while patient.begun != [1]:
            await pilot.pause(0.01)
        latest.ask(1)
        await pilot.pause()
        assert not patient.cancelled, "the same question is still wanted"
        latest.ask(0)
        await idle(pilot, latest)
        assert (patient.begun, patient.cancelled) == ([1, 0], [1])
        assert (answers.got, answers.failed_) == ([(0, "at once")], [])
        latest.ask(2)
        while patient.begun != [1, 0, 2]:
            await pilot.pause(0.01)
    while patient.cancelled != [1, 2]:  # the screen is gone
        await asyncio.sleep(0.01)
