"""What a language model is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpinfer.config.pipelines.chatocr import PromptConfig

#: The parts of a prompt before the question, in order.
PROMPT_PARTS = (
    "task_description",
    "rules_str",
    "output_format",
    "few_shot_demo_text_content",
    "few_shot_demo_key_value_list",
)


def prompt(
    config: PromptConfig, content: str, keys: Sequence[str], given: Mapping[str, str | None]
) -> str:
    """The prompt that asks for the values of `keys` in `content`.

    Args:
        config: The parts that hold where `given` has none.
        content: Text or a table, between fences in the prompt.
        keys: What to find.
        given: `PROMPT_PARTS` of one call; None leaves the configuration's.
    """
    parts = [
        getattr(config, name) if given.get(name) is None else given[name] for name in PROMPT_PARTS
    ]
    title = "Table" if config.task_type.startswith("table") else "Text"
    wanted = ", ".join(keys)
    return (
        f"{''.join(part or '' for part in parts)}\n{title}:\n```\n{content}\n```\nKeys: [{wanted}]"
    )
