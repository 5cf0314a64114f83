#!/usr/bin/python3
"""PyTorch on the training steps that bench_batches times: one core, float32, Adam.

`loop` trains 16 agents one after the other; `batched` trains 32 of one shape at once, their weights
stacked and multiplied with bmm. Lines: name, tokens per second of CPU time, unit.
"""
import time
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(1)
V, T, STACK, LOOP = 64, 16, 32, 16
MLPS = {"mlp_20k": (8, 16, 96), "mlp_103k": (12, 32, 224)}
GRUS = {"gru_m": (32, 48), "gru_l": (32, 96)}


class Mlp(torch.nn.Module):
    def __init__(self, context, d, h):
        super().__init__()
        self.context = context
        self.embedding = torch.nn.Embedding(V, d)
        self.hidden, self.output = torch.nn.Linear(context * d, h), torch.nn.Linear(h, V)

    def forward(self, tokens):
        seen = F.pad(tokens[:, :-1], (self.context - 1, 0))
        windows = self.embedding(seen).unfold(1, self.context, 1).permute(0, 1, 3, 2).flatten(2)
        return self.output(F.relu(self.hidden(windows)))


class Gru(torch.nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.embedding = torch.nn.Embedding(V, d)
        self.gru, self.output = torch.nn.GRU(d, h, batch_first=True), torch.nn.Linear(h, V)

    def forward(self, tokens):
        return self.output(self.gru(self.embedding(tokens[:, :-1]))[0])


class MlpStack(torch.nn.Module):
    """STACK models of one shape, each on its own text."""

    def __init__(self, context, d, h):
        super().__init__()
        new = lambda *shape: torch.nn.Parameter(torch.randn(STACK, *shape) * 0.1)
        self.context, self.d = context, d
        self.embedding, self.hidden, self.bias = new(V, d), new(context * d, h), new(1, h)
        self.output, self.output_bias = new(h, V), new(1, V)
        self.offset = (torch.arange(STACK) * V)[:, None]

    def forward(self, tokens):
        seen = F.pad(tokens[:, :, :-1], (self.context - 1, 0))
        index = seen.unfold(2, self.context, 1).reshape(STACK, -1)
        rows = F.embedding(index + self.offset, self.embedding.reshape(STACK * V, self.d))
        x = rows.view(STACK, -1, self.context * self.d)
        y = F.relu(torch.baddbmm(self.bias, x, self.hidden))
        return torch.baddbmm(self.output_bias, y, self.output)


def rate(step, tokens_a_step, seconds=1.0):
    for _ in range(2):
        step()
    best = 0.0
    for _ in range(3):
        begin, steps = time.process_time(), 0
        while time.process_time() - begin < seconds / 3:
            step()
            steps += 1
        best = max(best, steps * tokens_a_step / (time.process_time() - begin))
    return best


def trainer(models, tokens, scale=1):
    optimisers = [torch.optim.Adam(model.parameters(), lr=0.01, betas=(0.8, 0.99))
                  for model in models]

    def step():
        for model, optimiser in zip(models, optimisers):
            optimiser.zero_grad(set_to_none=True)
            logits = model(tokens)
            targets = tokens[..., 1:]
            (F.cross_entropy(logits.reshape(-1, V), targets.reshape(-1)) * scale).backward()
            optimiser.step()
    return step


for rows in (64, 256):
    batch = rows // T
    for table, kind in ((MLPS, Mlp), (GRUS, Gru)):
        for name, shape in table.items():
            step = trainer([kind(*shape) for _ in range(LOOP)], torch.randint(V, (batch, T + 1)))
            print(f"torch.train.{name}.m{rows}.loop\t{rate(step, LOOP * rows):.6g}\t"
                  "tokens/s/core", flush=True)
    for name, shape in MLPS.items():
        tokens = torch.randint(V, (STACK, batch, T + 1))
        step = trainer([MlpStack(*shape)], tokens, STACK)
        print(f"torch.train.{name}.m{rows}.batched\t{rate(step, STACK * rows):.6g}\t"
              "tokens/s/core", flush=True)
