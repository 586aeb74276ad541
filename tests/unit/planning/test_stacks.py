"""Which files are of one training, by what is known of them."""

from __future__ import annotations

import pytest

from core.planning.stacks import TrainingFacts, common_name, place_in_stack, stack_of


def facts(name: str = "", tensors: str = "t", session: str = "", started: str = "", output: str = "") -> TrainingFacts:
    return TrainingFacts(session, started, output, name, tensors)


@pytest.mark.parametrize(
    "names",
    [
        ["koi.safetensors", "koi-000004.safetensors", "Koi-000010.safetensors"],
        ["koi.safetensors", "koi_epoch12.safetensors", "koi-step00001500.safetensors", "koi-12ep.safetensors"],
        ["koi_v1.safetensors", "koi_v2.1.safetensors", "koi.safetensors"],
        ["base.gguf", "base-Q4_K_M.gguf", "base-q8_0.gguf", "base.f16.gguf"],
        [
            "base-fp16.safetensors",
            "base_bf16.safetensors",
            "base-pruned-emaonly.safetensors",
            "base-fp8_e4m3fn.safetensors",
        ],
    ],
)
def test_names_of_one_training(names: list[str]) -> None:
    assert len({common_name(name) for name in names}) == 1, [common_name(name) for name in names]
    assert len({stack_of(facts(name)) for name in names}) == 1
    assert len({stack_of(facts(name, tensors=str(n))) for n, name in enumerate(names)}) == len(names)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("koi.safetensors", "koi2.safetensors"),
        ("koi.safetensors", "koi-red.safetensors"),
        ("epochal.safetensors", "al.safetensors"),
        ("wan2.safetensors", "wan.safetensors"),
        ("sd15.safetensors", "sd.safetensors"),
        ("koi (1).safetensors", "koi.safetensors"),
    ],
)
def test_names_of_two(one: str, other: str) -> None:
    assert common_name(one) != common_name(other)


def test_sessions_decide_before_names() -> None:
    assert stack_of(facts("a", session="1")) == stack_of(facts("b", "u", session="1"))
    assert stack_of(facts("a", session="1")) != stack_of(facts("a", session="2")), "never across two trainings"
    assert stack_of(facts("a", session="1")) != stack_of(facts("a"))
    assert stack_of(facts("a", started="9", output="x")) == stack_of(facts("b", started="9", output="x"))
    assert stack_of(facts("a", started="9", output="x")) != stack_of(facts("a", started="9", output="y"))
    assert stack_of(facts("a", tensors="")) is None


def test_the_final_file_is_the_last_or_the_one_that_counts_nothing() -> None:
    def order(*files: TrainingFacts) -> list[str]:
        return [one.file_name for one in sorted(files, key=place_in_stack)]

    def of(name: str, epoch: int = 0, steps: int = 0) -> TrainingFacts:
        return TrainingFacts("1", "", "", name, "t", epoch, steps)

    assert order(of("koi.st", 12), of("koi-000010.st", 10), of("koi-000004.st", 4)) == [
        "koi-000004.st",
        "koi-000010.st",
        "koi.st",
    ]
    assert order(of("k-step20.st", 2, 20), of("k-step9.st", 2, 9), of("k-step1.st", 1, 1))[-1] == "k-step20.st"
    assert order(of("b-Q8_0.gguf"), of("B.gguf"), of("b-q4_k_m.gguf")) == ["b-q4_k_m.gguf", "b-Q8_0.gguf", "B.gguf"]
