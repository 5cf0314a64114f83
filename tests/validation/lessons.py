"""How answers travel and what neurons learn from each other, in whole runs.

usage: lessons.py TAOSIM

Forms of answers run, weigh what they weigh, and rank peers; gradients from validators and peers'
answers teach, or do not, as docs/MODELS.md says; a model that gives no number is handled as its
group says; a run's models write text.
"""
import os
import subprocess
import sys
import tempfile

import numpy

from small_run import Run, call, kendall, run_cases

TAOSIM = os.path.abspath(sys.argv[1])
BATCH, SEQUENCE, SYMBOLS, HIDDEN = 8, 16, 64, 48
# Miners of very different size and pace: a scorer has something to rank.
SPREAD = ["groups.miners.training.interval={uniform: [6 s, 300 s]}"]
OWN, ASKER = "groups.miners.training.", "groups.validators.training."
GRADIENTS = "query.gradients=true"
DIVERGES = ["groups.miners.model={name: mlp}", "groups.miners.optimiser.kind=sgd",
            "groups.miners.optimiser.clip_norm=0", "groups.miners.optimiser.learning_rate=100"]


class Runs:
    """Runs by name, each made once."""

    def __init__(self, folder):
        self.folder, self.made = folder, {}

    def __call__(self, name, *sets, options=()):
        if name not in self.made:
            self.made[name] = Run(TAOSIM, os.path.join(self.folder, name), sets, options)
        return self.made[name]


def answer_bytes(run):
    answered = run.total("queries_answered", "miners")
    assert answered > 1000, answered
    assert run.total("bytes_up", "miners") % answered == 0
    return run.total("bytes_up", "miners") // answered


def ranks(run):
    return kendall(run.last("incentive", "miners"), -run.last("loss_true_nats", "miners"))


def every_form_of_answer_weighs_what_it_says_and_ranks_peers(runs):
    rows = BATCH * SEQUENCE
    forms = {
        "logits": ([], 4 * rows * SYMBOLS),
        "hidden": (["query.response=hidden"], 4 * rows * HIDDEN),
        "wide": (["query.response=hidden", "query.width=96"], 4 * rows * 96),
        "topk": (["query.response=topk", "query.kept=8"], 4 * rows * 16),
        "next": (["query.response=phrases", "query.phrases=32"], 4 * (BATCH * 32 * 2 + BATCH)),
        # Three symbols at a time say less of a model: it takes longer until they rank it.
        "three": (["query.response=phrases", "query.phrases=16", "query.continuation=3",
                   "until=50 min"],
                  4 * (BATCH * 16 * 4 + BATCH)),
    }
    for name, (sets, weight) in forms.items():
        run = runs("form-" + name, *SPREAD, *sets)
        assert answer_bytes(run) == weight, (name, answer_bytes(run), weight)
        assert ranks(run) > 0.3, (name, ranks(run))
        print(f"  {name}: {weight} bytes, tau {ranks(run):.2f}")


def recorded_operations_are_six_a_parameter_and_token_learnt_and_two_a_token_answered(runs):
    run = runs("own")
    for group, answers in (("miners", True), ("validators", False)):
        parameters = int(run.file["groups/parameter_count"][run.names.index(group)])
        learnt = run.total("training_steps", group) * BATCH * SEQUENCE
        answered = run.total("queries_answered", group) * BATCH * SEQUENCE
        assert (answered > 0) == answers and learnt > 0
        rule = 6 * parameters * learnt + 2 * parameters * answered
        share = run.total("flop_done", group) / rule
        print(f"  {group}: {share:.3f} of the rule")
        assert 0.9 < share < 1.1, (group, share)


def a_question_for_a_continuation_keeps_its_last_symbols_back(runs):
    run, plain = runs("form-three"), runs("form-logits")
    for one, positions in ((run, SEQUENCE + 1 - 3), (plain, SEQUENCE)):
        asked = one.total("queries_asked", "validators")
        assert one.total("bytes_up", "validators") == asked * 8 * BATCH * positions


def a_continuation_takes_the_server_longer(runs):
    flop = [runs(name).total("flop_done", "miners") /
            runs(name).total("queries_answered", "miners")
            for name in ("form-logits", "form-three")]
    assert flop[1] > 2 * flop[0], flop


def hidden_states_pay_as_the_logits_that_they_lead_to(runs):
    pay = [runs(name).last("incentive", "miners") for name in ("form-logits", "form-hidden")]
    assert numpy.abs(pay[0] - pay[1]).max() < 1e-3, pay


def what_a_form_leaves_out_moves_the_pay(runs):
    plain = runs("form-logits").last("incentive", "miners")
    for name in ("form-topk", "form-next", "form-three"):
        assert not numpy.array_equal(plain, runs(name).last("incentive", "miners")), name


def charged(run, request, gradient):
    asked = run.total("queries_asked", "validators")
    answered = run.total("queries_answered", "miners")
    sent = run.total("bytes_up", "validators") - asked * request
    # A question still open at the end has answers and no gradients yet.
    missing = answered - sent / (request + gradient)
    assert missing == int(missing) and 0 <= missing <= 32, (missing, answered)


def gradients_are_charged_with_the_symbols_that_they_are_of(runs):
    charged(runs("both-norm", GRADIENTS, OWN + "remote=norm"), 8 * BATCH * SEQUENCE,
            4 * BATCH * SEQUENCE * SYMBOLS)


def gradients_that_come_back_teach(runs):
    """Beside text of its own a server learns more; without any it learns nearly as well."""
    own, none = runs("own"), runs("none", OWN + "local=false")
    assert none.total("training_steps", "miners") == 0
    for norm in ("sum", "norm"):
        both = runs("both-" + norm, GRADIENTS, OWN + f"remote={norm}")
        alone = runs("alone-" + norm, GRADIENTS, OWN + f"remote={norm}", OWN + "local=false")
        print(f"  {norm}: own text {own.loss('miners'):.3f}, with gradients "
              f"{both.loss('miners'):.3f}, gradients alone {alone.loss('miners'):.3f}, nothing "
              f"{none.loss('miners'):.3f}")
        assert both.loss("miners") < own.loss("miners") - 0.05
        assert alone.loss("miners") < none.loss("miners") - 1
    assert abs(both.loss("validators") - own.loss("validators")) < 1e-9, "nobody taught them"


def gradients_of_phrases_teach_unless_they_are_divided_by_their_sum(runs):
    """One row a sequence instead of sixteen: less, but alone nearly as much.  The sum of the
    derivatives by probabilities is below zero where 1 / p of the truth, on average, exceeds the
    number of symbols: the historic division then turns the lesson round."""
    form = (GRADIENTS, "query.response=phrases", "query.phrases=32")
    own, none = runs("own"), runs("none", OWN + "local=false")
    light = OWN + "remote_weight=0.1"
    both = runs("phrases-both", *form, OWN + "remote=norm", light)
    alone = runs("phrases-alone", *form, OWN + "remote=norm", OWN + "local=false")
    turned = runs("phrases-sum", *form, OWN + "remote=sum", OWN + "local=false")
    print(f"  with own text {both.loss('miners'):.3f}, alone {alone.loss('miners'):.3f}, "
          f"by the sum {turned.loss('miners'):.3f}")
    assert both.loss("miners") < own.loss("miners") - 0.01
    assert alone.loss("miners") < none.loss("miners") - 1
    assert turned.loss("miners") > none.loss("miners") + 1
    charged(alone, 8 * BATCH * SEQUENCE, 4 * (2 + BATCH * (32 + 1)))


def a_gradients_weight_and_the_number_kept_matter(runs):
    base = runs("both-norm")
    weak = runs("weak", GRADIENTS, OWN + "remote=norm", OWN + "remote_weight=0.01")
    few = runs("few", GRADIENTS, OWN + "remote=norm", OWN + "remote_max=1")
    own = runs("own").loss("miners")
    assert base.loss("miners") < weak.loss("miners") < own + 0.05
    assert few.total("flop_done", "miners") < base.total("flop_done", "miners")
    assert few.loss("miners") > base.loss("miners")


def the_largest_entries_of_a_gradient_mislead(runs):
    """They leave out the one entry below zero, the truth's; so the historic codec had it."""
    run = runs("topk-gradient", GRADIENTS, OWN + "remote=norm", "query.response=topk",
               "query.kept=8")
    print(f"  top 8 of the gradient: {run.loss('miners'):.2f} nats")
    assert run.loss("miners") > runs("own").loss("miners") + 1


def a_hidden_states_gradient_teaches_all_but_the_output_layer(runs):
    form = "query.response=hidden"
    both = runs("hidden-both", GRADIENTS, form, OWN + "remote=norm")
    alone = runs("hidden-alone", GRADIENTS, form, OWN + "remote=norm", OWN + "local=false")
    print(f"  with own text {both.loss('miners'):.3f}, alone {alone.loss('miners'):.3f}")
    assert both.loss("miners") < runs("own").loss("miners") - 0.03
    assert runs("own").loss("miners") < alone.loss("miners") < runs("none").loss("miners") - 0.3


def peers_answers_teach_a_neuron_without_text_and_disturb_one_with_plenty(runs):
    own = runs("own").loss("validators")
    none = runs("unread", ASKER + "local=false").loss("validators")
    alone = runs("distil-alone", ASKER + "local=false", ASKER + "distil=1").loss("validators")
    beside = runs("distil-beside", ASKER + "distil=1").loss("validators")
    print(f"  own text {own:.3f}, answers alone {alone:.3f}, both {beside:.3f}, none {none:.3f}")
    assert alone < none - 0.8
    assert beside > own + 0.1


def lessons_give_one_digest_for_1_2_and_7_threads(runs):
    sets = (GRADIENTS, OWN + "remote=sum", ASKER + "distil=0.1", "until=25 min")
    digests = {runs(f"threads{n}", *sets, options=["--threads", str(n)]).digest for n in (1, 2, 7)}
    assert len(digests) == 1, digests


def a_run_with_lessons_under_way_goes_on_as_if_unbroken(runs):
    sets = (GRADIENTS, OWN + "remote=sum", OWN + "on_nan=revert", ASKER + "distil=0.1",
            "chain.tempo=7 blocks")
    whole = runs("unbroken", *sets, options=["--until", "30 min"])
    part = runs("broken", *sets, options=["--until", "17 min", "--checkpoint-each-epoch"])
    done = subprocess.run([TAOSIM, "resume", part.path, "--until", "30 min", "--quiet"],
                          check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("trace_digest")[1].split()[0] == whole.digest


# ---- a model that gives no number

def no_numbers(run):
    kinds = run.file["events/kind"].attrs["flag_meanings"].split()
    kinds = [kind if isinstance(kind, str) else kind.decode() for kind in kinds]
    chosen = run.file["events/kind"][()] == kinds.index("no_number")
    return run.file["events/uid"][()][chosen], run.file["events/value"][()][chosen]


def a_step_without_a_number_ends_the_run_and_is_named(runs):
    done = call(TAOSIM, os.path.join(runs.folder, "fail"), DIVERGES)
    assert done.returncode == 1, (done.returncode, done.stderr)
    assert "model of 'miners' number " in done.stderr and " steps: " in done.stderr, done.stderr
    assert not os.path.exists(os.path.join(runs.folder, "fail", "result.h5"))


def a_reverted_step_is_recorded_and_the_neuron_goes_on(runs):
    run = runs("revert", *DIVERGES, OWN + "on_nan=revert")
    uids, steps = no_numbers(run)
    assert set(uids) <= set(range(8)) and len(uids) >= 8, (uids, steps)
    assert (steps >= 0).all()
    assert (run.last("queries_answered", "miners") > 0).all()
    assert abs(run.loss("validators") - runs("own").loss("validators")) < 1e-9


def a_stopped_neuron_neither_answers_nor_learns_and_is_recorded_once(runs):
    run = runs("stop", *DIVERGES, OWN + "on_nan=stop")
    uids, _ = no_numbers(run)
    assert sorted(uids) == list(range(8)), uids
    assert run.last("queries_answered", "miners").sum() == 0
    assert run.last("training_steps", "miners").sum() == 0
    assert run.last("queries_timed_out", "miners").sum() > 0
    assert run.last("training_steps", "validators").sum() > 0


def losing_numbers_gives_one_digest_for_any_thread_count_and_after_a_stop(runs):
    for policy in ("revert", "stop"):
        sets = [*DIVERGES, OWN + "on_nan=" + policy, "chain.tempo=7 blocks"]
        whole = runs("lost-" + policy, *sets, options=["--until", "20 min", "--threads", "1"])
        part = runs("lost-part-" + policy, *sets,
                    options=["--until", "11 min", "--checkpoint-each-epoch", "--threads", "3"])
        done = subprocess.run([TAOSIM, "resume", part.path, "--until", "20 min", "--quiet"],
                              check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stdout.split("trace_digest")[1].split()[0] == whole.digest, policy


# ---- text

def generate(*arguments):
    return subprocess.run([TAOSIM, "generate", *arguments], check=False, capture_output=True,
                          text=True)


def a_kept_model_writes_the_text_of_its_seed(runs):
    run = runs("kept", "record.models=true")
    path = run.path
    texts = [generate(path, "--uid", "3", "--tokens", "200", "--prompt", "the ", "--seed", seed)
             for seed in ("1", "1", "2")]
    assert all(done.returncode == 0 for done in texts), texts[0].stderr
    assert texts[0].stdout == texts[1].stdout != texts[2].stdout
    assert texts[0].stdout.startswith("the ") and 150 < len(texts[0].stdout) < 260
    other = generate(os.path.join(path, "result.h5"), "--uid", "4", "--tokens", "200",
                     "--prompt", "the ")
    assert other.returncode == 0 and other.stdout != texts[0].stdout
    cold = [generate(path, "--temperature", "0", "--seed", seed, "--tokens", "80").stdout
            for seed in ("1", "2")]
    assert cold[0] == cold[1]
    assert run.digest == runs("own").digest, "keeping models changed the run"


def a_prompt_is_read_as_the_corpus_reads_its_text(runs):
    """Brackets, accents, capitals, runs of blanks: folded, and said to be."""
    path = runs("kept").path
    plain = generate(path, "--prompt", "the (gr\u00fc\u00df) ", "--tokens", "50")
    folded = generate(path, "--prompt", " The  [GR\u00dc\u00df] ", "--tokens", "50")
    assert plain.returncode == folded.returncode == 0, folded.stderr
    assert plain.stdout == folded.stdout and plain.stdout.startswith("the (gr\u00fc\u00df) ")
    assert plain.stderr == ""
    assert "reads it as 'the (gr\u00fc\u00df) '" in folded.stderr, folded.stderr
    partly = generate(path, "--prompt", "see \u65e5", "--tokens", "5")
    assert partly.returncode == 0 and "'see \u25a1'" in partly.stderr, partly.stderr


def a_long_text_costs_the_same_each_symbol(runs):
    done = generate(runs("kept").path, "--tokens", "300000")
    assert done.returncode == 0 and len(done.stdout) > 300000


def trained_text_is_likelier_than_noise(runs):
    """In English, German, French and Spanish, a space follows some five letters."""
    text = generate(runs("kept").path, "--tokens", "3000", "--temperature", "1").stdout
    noise = generate(runs("none-kept", OWN + "local=false", "record.models=true").path,
                     "--tokens", "3000", "--temperature", "1").stdout
    share = [line.count(" ") / len(line) for line in (text, noise)]
    assert 0.1 < share[0] < 0.25 and share[1] < 0.08, share


def a_model_that_is_not_there_is_named(runs):
    for arguments, text in (([runs("own").path], "holds no models"),
                            ([runs("kept").path, "--uid", "12"], "no model of uid 12"),
                            ([os.path.join(runs.folder, "nowhere")], "no run folder or result"),
                            ([runs("kept").path, "--prompt", "\u65e5"], "no symbol for"),
                            ([runs("kept").path, "--tokens", "0"], "--tokens takes"),
                            ([runs("kept").path, "--temperature", "-1"], "--temperature takes"),
                            ([runs("kept").path, "--uid", "x"], "--uid takes")):
        done = generate(*arguments)
        assert done.returncode == 2, (arguments, done.returncode)
        assert text in done.stderr, (arguments, done.stderr)
    damaged = os.path.join(runs("kept").path, "models", "0.lm")
    with open(damaged, "r+b") as file:
        file.seek(-4, os.SEEK_END)
        file.write(b"abcd")
    done = generate(runs("kept").path, "--uid", "0")
    assert done.returncode == 74 and "checksum" in done.stderr, done.stderr


# ---- what makes no sense

def keys_without_effect_are_refused(runs):
    for sets, text in (([OWN + "remote=sum"], "query.gradients"),
                       ([GRADIENTS, OWN + "remote_max=3"], "remote"),
                       ([OWN + "distil=1"], "validator"),
                       (["query.kept=3"], "response"),
                       (["query.continuation=2"], "response"),
                       (["query.width=64"], "response"),
                       ([ASKER + "distil=1", "query.response=phrases"], "phrases")):
        done = call(TAOSIM, os.path.join(runs.folder, "refused" + text), sets, ["--force"])
        assert done.returncode == 2, (sets, done.returncode, done.stderr)
        assert text in done.stderr, (sets, done.stderr)


CASES = [
    every_form_of_answer_weighs_what_it_says_and_ranks_peers,
    recorded_operations_are_six_a_parameter_and_token_learnt_and_two_a_token_answered,
    a_question_for_a_continuation_keeps_its_last_symbols_back,
    a_continuation_takes_the_server_longer,
    hidden_states_pay_as_the_logits_that_they_lead_to,
    what_a_form_leaves_out_moves_the_pay,
    gradients_are_charged_with_the_symbols_that_they_are_of,
    gradients_that_come_back_teach,
    gradients_of_phrases_teach_unless_they_are_divided_by_their_sum,
    a_gradients_weight_and_the_number_kept_matter,
    the_largest_entries_of_a_gradient_mislead,
    a_hidden_states_gradient_teaches_all_but_the_output_layer,
    peers_answers_teach_a_neuron_without_text_and_disturb_one_with_plenty,
    lessons_give_one_digest_for_1_2_and_7_threads,
    a_run_with_lessons_under_way_goes_on_as_if_unbroken,
    a_step_without_a_number_ends_the_run_and_is_named,
    a_reverted_step_is_recorded_and_the_neuron_goes_on,
    a_stopped_neuron_neither_answers_nor_learns_and_is_recorded_once,
    losing_numbers_gives_one_digest_for_any_thread_count_and_after_a_stop,
    a_kept_model_writes_the_text_of_its_seed,
    a_prompt_is_read_as_the_corpus_reads_its_text,
    a_long_text_costs_the_same_each_symbol,
    trained_text_is_likelier_than_noise,
    a_model_that_is_not_there_is_named,
    keys_without_effect_are_refused,
]


def main():
    with tempfile.TemporaryDirectory() as folder:
        return run_cases(CASES, Runs(folder))


if __name__ == "__main__":
    sys.exit(main())
