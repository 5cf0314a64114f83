#!/usr/bin/python3
"""Writes lm_vectors.txt: what PyTorch computes for the formulas of models/lm, in float64.

Run with Debian 12's python3-torch (1.13): /usr/bin/python3 make_lm_vectors.py > lm_vectors.txt

Each case is a line `case NAME model key=value ...` and lines `name count numbers...`: tokens
[B][T+1], parameters (one flat block in the model's order), logits [B][T][V], loss (mean, nats),
gradient, and the parameters after three steps on the same batch with Adam (rate 0.01, betas 0.9
and 0.99, epsilon 1e-8) and with SGD (rate 0.1, momentum 0.9, gradient shortened to norm 0.5).
"""
import math
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(20230601)


def gru(s, p, tokens):
    d, h = s["embedding"], s["hidden"]
    cell = torch.nn.GRU(d, h, batch_first=True)
    # The module's own parameters are replaced by (differentiable) views of the block.
    weights = [p["input"].t(), p["recurrent"].t(), p["input_bias"], torch.zeros(3 * h)]
    x = p["embedding"][tokens[:, :-1]]
    state = torch.zeros(1, len(tokens), h)
    y, _ = torch._VF.gru(x, state, weights, True, 1, 0.0, False, False, True)
    return y @ p["output"] + p["output_bias"]


def mlp(s, p, tokens):
    n, d = s["context"], s["embedding"]
    e = F.pad(p["embedding"][tokens[:, :-1]], (0, 0, n - 1, 0))
    x = torch.cat([e[:, k:k + tokens.shape[1] - 1] for k in range(n)], dim=2)
    return torch.relu(x @ p["weight"] + p["bias"]) @ p["output"] + p["output_bias"]


def norm(x, gain):
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-5) * gain


def feed_forward(p, i, x):
    inner = torch.relu(norm(x, p[f"block_gain{i}"]) @ p[f"block_weight{i}"] + p[f"block_bias{i}"])
    return x + inner @ p[f"block_back{i}"]


def conv(s, p, tokens):
    n, d = s["context"], s["width"]
    e = F.pad(p["embedding"][tokens[:, :-1]], (0, 0, n - 1, 0)).transpose(1, 2)
    x = F.conv1d(e, p["kernel"].t().unsqueeze(1), groups=d).transpose(1, 2)
    for i in range(s["layers"]):
        x = feed_forward(p, i, x)
    return norm(x, p["gain"]) @ p["output"] + p["output_bias"]


def transformer(s, p, tokens):
    b, t, d, heads = len(tokens), tokens.shape[1] - 1, s["width"], s["heads"]
    mask = torch.triu(torch.full((t, t), -math.inf), diagonal=1)
    x = p["embedding"][tokens[:, :-1]] + p["position"][:t]
    for i in range(s["layers"]):
        q, k, v = ((norm(x, p[f"attention_gain{i}"]) @ p[f"attention{i}"])
                   .view(b, t, 3, heads, d // heads).permute(2, 0, 3, 1, 4))
        w = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(d // heads) + mask, dim=-1)
        x = x + (w @ v).transpose(1, 2).reshape(b, t, d) @ p[f"projection{i}"]
        x = feed_forward(p, i, x)
    return norm(x, p["gain"]) @ p["output"] + p["output_bias"]


def bigram(s, p, tokens):
    return p["logits"][tokens[:, :-1]]


def block(i, d, h):
    return [(f"block_gain{i}", (d,)), (f"block_weight{i}", (d, h)), (f"block_bias{i}", (h,)),
            (f"block_back{i}", (h, d))]


def tensors(model, s):
    v = s["vocabulary"]
    if model == "bigram":
        return [("logits", (v, v))]
    if model == "gru":
        d, h = s["embedding"], s["hidden"]
        return [("embedding", (v, d)), ("input", (d, 3 * h)), ("input_bias", (3 * h,)),
                ("recurrent", (h, 3 * h)), ("output", (h, v)), ("output_bias", (v,))]
    if model == "mlp":
        n, d, h = s["context"], s["embedding"], s["hidden"]
        return [("embedding", (v, d)), ("weight", (n * d, h)), ("bias", (h,)),
                ("output", (h, v)), ("output_bias", (v,))]
    d, h, n = s["width"], s["hidden"], s["context"]
    middle = []
    for i in range(s["layers"]):
        if model == "transformer":
            middle += [(f"attention_gain{i}", (d,)), (f"attention{i}", (d, 3 * d)),
                       (f"projection{i}", (d, d))]
        middle += block(i, d, h)
    first = "position" if model == "transformer" else "kernel"
    return ([("embedding", (v, d)), (first, (n, d))] + middle +
            [("gain", (d,)), ("output", (d, v)), ("output_bias", (v,))])


def cut(model, s, flat):
    parts, at = {}, 0
    for name, shape in tensors(model, s):
        count = math.prod(shape)
        parts[name] = flat[at:at + count].view(shape)
        at += count
    assert at == len(flat)
    return parts


def loss_of(model, s, flat, tokens):
    logits = globals()[model](s, cut(model, s, flat), tokens)
    return logits, F.cross_entropy(logits.reshape(-1, s["vocabulary"]), tokens[:, 1:].reshape(-1))


def steps(model, s, start, tokens, make, clip_norm):
    flat = start.clone().requires_grad_(True)
    optimiser = make([flat])
    for _ in range(3):
        optimiser.zero_grad()
        loss_of(model, s, flat, tokens)[1].backward()
        if clip_norm and flat.grad.norm() > clip_norm:
            # Not clip_grad_norm_, which adds 1e-6 to the norm.
            flat.grad *= clip_norm / flat.grad.norm()
        optimiser.step()
    return flat.detach()


def line(name, values):
    values = values.reshape(-1).tolist()
    print(name, len(values), *("%.15g" % x if isinstance(x, float) else x for x in values))


def case(name, model, sequences, length, **s):
    count = sum(math.prod(shape) for _, shape in tensors(model, s))
    start = torch.randn(count) * 0.4
    tokens = torch.randint(s["vocabulary"], (sequences, length + 1))
    flat = start.clone().requires_grad_(True)
    logits, loss = loss_of(model, s, flat, tokens)
    loss.backward()
    print("case", name, model, f"sequences={sequences}", f"length={length}",
          *(f"{k}={v}" for k, v in s.items()))
    line("tokens", tokens)
    line("parameters", start)
    line("logits", logits.detach())
    line("loss", loss.detach())
    line("gradient", flat.grad)
    line("adam", steps(model, s, start, tokens,
                       lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.9, 0.99), eps=1e-8), 0))
    line("sgd", steps(model, s, start, tokens,
                      lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9), 0.5))


case("gru-small", "gru", 3, 6, vocabulary=9, embedding=5, hidden=7)
case("gru-wide", "gru", 2, 4, vocabulary=16, embedding=4, hidden=16)
case("mlp", "mlp", 3, 7, vocabulary=11, context=4, embedding=3, hidden=10)
case("conv-two-layers", "conv", 2, 9, vocabulary=8, context=5, width=6, hidden=9, layers=2)
case("transformer-two-layers", "transformer", 2, 7, vocabulary=8, context=10, width=6, heads=3,
     hidden=9, layers=2)
case("transformer-full-context", "transformer", 3, 8, vocabulary=12, context=8, width=8, heads=1,
     hidden=16, layers=1)
case("bigram", "bigram", 4, 10, vocabulary=10)
print("end")
