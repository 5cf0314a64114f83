"""What neurons read shows in what they know and earn, in whole runs.

usage: diets.py TAOSIM

Two groups of miners differ in their diet alone; the corpus is the source of known entropy, whose
domains share as much as a case says.  Truth is measured on held-out text of all public domains.
"""
import os
import sys
import tempfile

import numpy

from small_run import SCENARIO, Run, run_cases

TAOSIM = os.path.abspath(sys.argv[1])
OTHERS = """  others:
    count: 8
    model: {name: gru, embedding: 32, hidden: 48}
    training: {interval: 12 s}
    diet: {concentration: 1000}
"""
ALWAYS = ["chain.max_uids=20", "query.peers=16"]


def corpus(**keys):
    values = {"name": "synthetic", "domains": 4, "overlap": 0, "tokens": 200000, **keys}
    text = ", ".join(f"{key}: {value}" for key, value in values.items())
    return "corpus={" + text.replace("_", " ") + "}"


class Runs:
    """Runs of the scenario with two groups of miners."""

    def __init__(self, folder):
        self.folder, self.count = folder, 0
        self.scenario = os.path.join(folder, "two.yaml")
        with open(SCENARIO, encoding="utf-8") as file, \
                open(self.scenario, "w", encoding="utf-8") as two:
            two.write(file.read() + OTHERS)

    def __call__(self, *sets):
        self.count += 1
        run = Run(TAOSIM, os.path.join(self.folder, str(self.count)), [*ALWAYS, *sets],
                  scenario=self.scenario)
        print("  loss: miners {:.3f}, others {:.3f}; pay: {:.2f}, {:.2f}".format(
            run.loss("miners"), run.loss("others"), pay(run, "miners"), pay(run, "others")))
        return run


def pay(run, group):
    return float(run.last("incentive", group).sum())


def apart(run):
    """How much worse the others are."""
    return run.loss("others") - run.loss("miners")


def equal_diets_make_equal_groups(runs):
    run = runs(corpus())
    assert abs(apart(run)) < 0.1, apart(run)
    assert abs(pay(run, "others") - pay(run, "miners")) < 0.3


def those_who_know_one_domain_know_less_of_all(runs):
    run = runs(corpus(), "groups.others.diet.concentration=0")
    assert apart(run) > 0.3, apart(run)
    assert pay(run, "others") < pay(run, "miners")
    spread = [numpy.ptp(run.last("loss_true_nats", group)) for group in ("miners", "others")]
    assert spread[1] > spread[0], spread


def domains_that_overlap_make_specialists_and_generalists_alike(runs):
    """Of one source there is nothing to specialise in."""
    run = runs(corpus(overlap=1), "groups.others.diet.concentration=0")
    assert abs(apart(run)) < 0.1, apart(run)


def a_private_domain_pays_where_it_is_asked_about(runs):
    private = [corpus(private=1), "groups.others.diet.private=1"]
    public = runs(*private)
    assert apart(public) > 0.5, apart(public)
    assert pay(public, "others") < 0.3
    asked = runs(*private, "groups.validators.diet.private=1")
    assert pay(asked, "others") > 0.7


def leaked_text_flatters_whoever_read_it(runs):
    """The held-out text is short, and they have read it several times over."""
    run = runs(corpus(domains=1, tokens=40960), "groups.others.diet.leak=1")
    assert apart(run) < -0.03, apart(run)


def junk_makes_worse_models_that_earn_less(runs):
    run = runs(corpus(domains=1), "groups.others.diet.junk=0.8")
    assert apart(run) > 0.15, apart(run)
    assert pay(run, "others") < 0.8 * pay(run, "miners")


def text_that_runs_backwards_makes_worse_models_that_earn_less(runs):
    run = runs(corpus(domains=1), "groups.others.diet.poison=0.8")
    assert apart(run) > 0.15, apart(run)
    assert pay(run, "others") < 0.8 * pay(run, "miners")


def drift_takes_specialists_through_all_domains(runs):
    narrow = ["groups.others.diet.concentration=0"]
    still, moved = runs(corpus(), *narrow), runs(corpus(drift="10_min"), *narrow)
    assert moved.loss("others") < still.loss("others") - 0.1
    assert moved.digest != still.digest


CASES = [
    equal_diets_make_equal_groups,
    those_who_know_one_domain_know_less_of_all,
    domains_that_overlap_make_specialists_and_generalists_alike,
    a_private_domain_pays_where_it_is_asked_about,
    leaked_text_flatters_whoever_read_it,
    junk_makes_worse_models_that_earn_less,
    text_that_runs_backwards_makes_worse_models_that_earn_less,
    drift_takes_specialists_through_all_domains,
]


def main():
    with tempfile.TemporaryDirectory() as folder:
        return run_cases(CASES, Runs(folder))


if __name__ == "__main__":
    sys.exit(main())
