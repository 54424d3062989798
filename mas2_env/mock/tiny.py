"""Tiny models with random weights: they write nonsense, but servers, engines and trainers take them.

`python -m mas2_env.mock.tiny FOLDER [--adapter FOLDER]...` makes one in the form of Qwen3: two layers, hidden
size 64, one head of size 64, a byte-level BPE of about 400 tokens, and a chat template that shows tools in
the form of Hermes. Adapters are LoRA over its attention, in the form of PEFT. Needs the extra `local`.
"""

import argparse
import warnings
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

SPECIAL: Final = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<think>",
    "</think>",
)
"""Tokens of their own, by their ids; the first fills up, the third ends a message. Marks of tool calls are
none, lest a random draw open one: `transformers serve` answers 500 to a call that it cannot read."""

TEMPLATE: Final = """\
{%- if tools %}<|im_start|>system
Tools, one a line; call one by <tool_call>{"name": ..., "arguments": ...}</tool_call>.
{% for tool in tools %}{{ tool | tojson }}
{% endfor %}<|im_end|>
{% endif -%}
{% for message in messages %}<|im_start|>{{ message.role }}
{{ message.content or '' }}
{%- for call in message.tool_calls or [] %}
<tool_call>{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
{{- '</tool_call>' }}
{%- endfor %}<|im_end|>
{% endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""
"""Chat template in Jinja."""


def make_tiny(folder: Path, seed: int = 0, context: int = 2048) -> Path:
    """Write a tiny model, its tokenizer and its chat template.

    Args:
        folder: where; made if need be.
        seed: of its weights.
        context: tokens that it can take.

    Returns:
        The folder.
    """
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM

    tokenizer = _tokenizer()
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=1,
        num_key_value_heads=1,
        head_dim=64,
        max_position_embeddings=context,
        initializer_range=0.3,
        tie_word_embeddings=False,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Qwen3ForCausalLM(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_adapter(folder: Path, base: Path, seed: int = 0) -> Path:
    """Write a LoRA adapter with random weights for a tiny model.

    Returns:
        The folder.
    """
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base)
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers by an old name
        torch.manual_seed(seed)
        config = LoraConfig(
            r=8,
            lora_alpha=64,
            target_modules=["q_proj", "k_proj", "v_proj", "o_proj"],
            init_lora_weights=False,
        )
        get_peft_model(model, config).save_pretrained(folder)
    return folder


def _tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = (files("mas2_env") / "data" / "prompts" / "roles.toml").read_text(encoding="utf-8")
    tokenizer.train_from_iterator(texts.splitlines(), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=SPECIAL[2], pad_token=SPECIAL[0], chat_template=TEMPLATE
    )


def main() -> None:
    """Make a model, and adapters for it."""
    parser = argparse.ArgumentParser(prog="python -m mas2_env.mock.tiny", description="Make a tiny model.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--adapter", type=Path, action="append", default=[], help="folder of a LoRA adapter")
    given = parser.parse_args()
    print(make_tiny(given.folder, given.seed))
    for number, folder in enumerate(given.adapter, start=1):
        print(make_adapter(folder, given.folder, given.seed + number))


if __name__ == "__main__":
    main()
