"""``fastbpts generate``."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from fastbpts.cli.common import check_not_read, check_writable, command, load_model, output


@command
def generate(
    model: Annotated[Path, Argument(help="Model file of a language model.")],
    prompt: Annotated[str, Option("--prompt", "-p", help="What the model writes on from.")] = "",
    length: Annotated[int, Option("--length", "-n", min=0, help="Characters or words to write.")] = 500,
    temperature: Annotated[
        float, Option("--temperature", "-T", min=0, help="Below 1 the likely gets likelier; 0 takes the likeliest.")
    ] = 1.0,
    top: Annotated[int | None, Option(min=1, help="Choose among the likeliest only, this many.")] = None,
    seed: Annotated[int, Option(min=0)] = 0,
    out: Annotated[Path, Option("--output", "-o", help="File to write (- is stdout).")] = Path("-"),
) -> None:
    """Let a language model write."""
    check_writable("--output", out)
    check_not_read("--output", out, model)
    estimator = load_model(model, "LanguageModel")
    text = estimator.generate(prompt, length, temperature, seed, top=top)
    space = " " if estimator.level == "word" and prompt and not prompt[-1].isspace() else ""
    with output(out) as file:
        file.write(f"{prompt}{space}{text}\n")
