"""client.py - the official OpenAI client of PyPI against a server: client.py BASE_URL MODEL; prints JSON."""

import json
import sys

import openai

base, model = sys.argv[1:]
client = openai.OpenAI(base_url=base, api_key="secret", max_retries=0)
messages = [{"role": "user", "content": "hello"}]
drawn = {"temperature": 1, "seed": 5, "extra_body": {"ignore_eos": True}}

models = [one.id for one in client.models.list()]
whole = client.chat.completions.create(
    model=model, messages=messages, max_completion_tokens=8, logprobs=True, top_logprobs=2, **drawn
)
chunks = list(
    client.chat.completions.create(
        model=model,
        messages=messages,
        max_tokens=8,
        stream=True,
        stream_options={"include_usage": True},
        **drawn,
    )
)
text = client.completions.create(model=model, prompt=["ab", "xyz"], max_tokens=6, logprobs=2, **drawn)
vectors = client.embeddings.create(model=model, input=["one", "two"])


def refusal(**fields):
    """The error of a chat with further fields."""
    try:
        client.chat.completions.create(model=model, messages=messages, **fields)
    except openai.APIStatusError as error:
        return [type(error).__name__, error.status_code, error.code, error.param]
    return None


print(
    json.dumps(
        {
            "models": models,
            "whole": whole.model_dump(),
            "streamed": "".join(c.choices[0].delta.content or "" for c in chunks if c.choices),
            "usage": chunks[-1].usage.model_dump(),
            "texts": [choice.text for choice in text.choices],
            "vectors": [one.embedding for one in vectors.data],
            "refusals": [
                refusal(extra_body={"speed": 2}),
                refusal(temperature=-1),
                refusal(store=True),
            ],
            "key": refusal(extra_headers={"Authorization": "Bearer wrong"}),
        }
    )
)
