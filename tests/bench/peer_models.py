#!/usr/bin/python3
"""PyTorch on the training steps that bench_models times: one core, float32, Adam.

`loop` trains one agent after the other with torch's own GRU; `batched` trains 64 agents of one tier
at once, their weights stacked and multiplied with bmm. Lines: name, tokens per second of CPU time,
unit.
"""
import time
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(1)
V, B, T, AGENTS = 64, 8, 16, 64
TIERS = {"gru_s": (16, 16), "gru_m": (32, 48), "gru_l": (32, 96)}


class Agent(torch.nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.embedding = torch.nn.Embedding(V, d)
        self.gru = torch.nn.GRU(d, h, batch_first=True)
        self.output = torch.nn.Linear(h, V)

    def loss(self, tokens):
        y, _ = self.gru(self.embedding(tokens[:, :-1]))
        return F.cross_entropy(self.output(y).reshape(-1, V), tokens[:, 1:].reshape(-1))


class Stack(torch.nn.Module):
    """AGENTS models of one shape, each on its own text."""

    def __init__(self, d, h):
        super().__init__()
        new = lambda *shape: torch.nn.Parameter(torch.randn(AGENTS, *shape) * 0.1)
        self.embedding, self.input, self.input_bias = new(V, d), new(d, 3 * h), new(1, 3 * h)
        self.recurrent, self.output, self.output_bias = new(h, 3 * h), new(h, V), new(1, V)
        self.h = h

    def loss(self, tokens):
        h = self.h
        # What each token adds to the gates, once for all tokens: as in our own step.
        table = torch.baddbmm(self.input_bias, self.embedding, self.input)
        index = tokens[:, :, :-1].reshape(AGENTS, -1, 1).expand(-1, -1, 3 * h)
        x = torch.gather(table, 1, index).view(AGENTS, B, T, 3 * h)
        state, states = torch.zeros(AGENTS, B, h), []
        for t in range(T):
            u = torch.bmm(state, self.recurrent)
            rz = torch.sigmoid(x[:, :, t, :2 * h] + u[:, :, :2 * h])
            r, z = rz[:, :, :h], rz[:, :, h:]
            n = torch.tanh(x[:, :, t, 2 * h:] + r * u[:, :, 2 * h:])
            state = n + z * (state - n)
            states.append(state)
        y = torch.stack(states, 2).view(AGENTS, B * T, h)
        logits = torch.baddbmm(self.output_bias, y, self.output)
        # The sum over agents of each one's mean loss: gradients do not mix.
        return F.cross_entropy(logits.reshape(-1, V), tokens[:, :, 1:].reshape(-1)) * AGENTS


def rate(step, tokens_a_step, seconds=1.5):
    for _ in range(3):
        step()
    best = 0.0
    for _ in range(3):
        begin, steps = time.process_time(), 0
        while time.process_time() - begin < seconds / 3:
            step()
            steps += 1
        best = max(best, steps * tokens_a_step / (time.process_time() - begin))
    return best


def trainer(model, tokens):
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01, betas=(0.8, 0.99))

    def step():
        optimiser.zero_grad(set_to_none=True)
        model.loss(tokens).backward()
        optimiser.step()
    return step


for tier, (d, h) in TIERS.items():
    one = trainer(Agent(d, h), torch.randint(V, (B, T + 1)))
    all_at_once = trainer(Stack(d, h), torch.randint(V, (AGENTS, B, T + 1)))
    for name, step, tokens in ("loop", one, B * T), ("batched", all_at_once, AGENTS * B * T):
        print(f"torch.train.{tier}.{name}.tokens_per_s\t{rate(step, tokens):.6g}\ttokens/s/core",
              flush=True)
