"""What the chain's rules make of neurons, owners and delegators, in whole runs.

usage: chain_life.py TAOSIM QUICKSTART REAL_START [--case WORD]

Each case is one of the two scenarios, shortened, with overrides, or a file laid over it; results
are read with h5py.  Ends with `N passed, N failed`.
"""
import os
import subprocess
import sys
import tempfile

import h5py
import numpy

TAOSIM, QUICKSTART, REAL_START = (os.path.abspath(path) for path in sys.argv[1:4])
CASE = sys.argv[sys.argv.index("--case") + 1] if "--case" in sys.argv else ""
# Only the chain is looked at: few questions, no learning.
FEW = ["query.interval=5 min", "record.evaluation_sequences=1", "network.sharing=latency"]
LIGHT = FEW + [f"groups.{group}.training.enabled=false"
               for group in ("small", "medium", "large", "validators", "swarm")]
LIGHT_START = FEW + [f"groups.{group}.training.enabled=false"
                     for group in ("miners", "validators", "newcomers")]
REGISTRATION, STAKE_ADDED, STAKE_REMOVED, COMMITTED = 0, 3, 4, 12


def call(*arguments):
    return subprocess.run([TAOSIM, *arguments], check=False, capture_output=True, text=True)


def options(sets, until):
    return ["--quiet", "--threads", "2", "--until", until,
            *(part for item in sets for part in ("--set", item))]


class Run:
    """One finished run and its result."""

    def __init__(self, folder, name, scenario, sets=(), until="2 h"):
        self.path = os.path.join(folder, name)
        done = call("run", scenario, "-o", self.path, *options(sets, until))
        assert done.returncode == 0, f"{name}: {done.stderr}"
        self.file = h5py.File(os.path.join(self.path, "result.h5"))

    def __getitem__(self, name):
        return self.file[name][()]

    def events(self, kind):
        return {name: self[f"events/{name}"][self["events/kind"] == kind]
                for name in ("block", "uid", "hotkey_id", "owner_id", "amount_rao", "value")}

    def groups(self):
        return [name.decode() for name in self["groups/name"]]

    def group_rao(self, name, variable="stake_rao", epoch=-1):
        of_group = self["group_id"][epoch] == self.groups().index(name)
        return int(self[variable][epoch][of_group].astype(object).sum())


def scenario_over(folder, name, base, text):
    path = os.path.join(folder, name + ".yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"base: {base}\nname: {name}\n{text}")
    return path


CURRENT = ["chain.profile=current", "chain.tempo=100 blocks", "mechanism=yuma3",
           "query.weights_interval=100 blocks", *LIGHT]
COMMITTING = [item for item in CURRENT if not item.startswith("query.weights_interval")] + [
    "query.heed_limits=true", "query.weights_interval=70 blocks",
    "chain.weights_rate_limit=10 blocks"]


# ---- weights

def sealed_weights_are_opened_an_epoch_later_and_pay(folder):
    run = Run(folder, "current", QUICKSTART, COMMITTING)
    blocks = run["set_weights/block"]
    # Committed during an epoch, opened in the block behind the next one's border.
    assert len(blocks) >= 16 and (blocks % 100 == 1).all(), blocks
    assert len(set(blocks.tolist())) >= 3
    for group in ("small", "medium", "large", "validators"):
        assert run.group_rao(group, "emission_rao") > 0, group
    assert (run["paid_rao"] > 99.99e9).all(), run["paid_rao"]
    plain = Run(folder, "open", QUICKSTART, [*COMMITTING, "chain.commit_reveal=false"])
    assert len(set((plain["set_weights/block"] % 100).tolist())) > 2


def a_longer_seal_is_opened_later(folder):
    run = Run(folder, "period", QUICKSTART,
              [*CURRENT, "query.heed_limits=true", "chain.reveal_period=3"])
    first = Run(folder, "period-1", QUICKSTART, [*CURRENT, "query.heed_limits=true"])
    assert run["set_weights/block"].min() == first["set_weights/block"].min() + 200


HASHED = [*COMMITTING, "chain.commit_form=hash"]


def commits_of_rows(run):
    """Each opened row's commit, as (uid, block); asserts that the events hold all of them."""
    committed = run.events(COMMITTED)
    known = set(zip(committed["uid"].tolist(), committed["block"].tolist()))
    opened = set(zip(run["set_weights/uid"].tolist(),
                     (run["set_weights/block"] - run["set_weights/age_blocks"]).tolist()))
    assert opened <= known and len(opened) == len(run["set_weights/uid"]), opened - known
    return opened


def a_revealed_hash_opens_what_the_chain_would_have_opened(folder):
    run = Run(folder, "hashed", QUICKSTART, HASHED)
    opened = commits_of_rows(run)
    committed = run.events(COMMITTED)
    # 100 blocks to an epoch: those of the last one are still closed.
    assert (committed["value"] == committed["block"] // 100).all(), committed
    assert len(opened) == (committed["block"] < 500).sum() >= 40, opened
    assert (run["set_weights/block"] % 100 == 1).all(), run["set_weights/block"]
    sealed = Run(folder, "sealed", QUICKSTART, [*COMMITTING, "chain.commit_form=timelock"])
    for digest in ("digest_chain", "trace_digest"):
        assert run.file.attrs[digest] == sealed.file.attrs[digest], digest


def a_reveal_that_finds_no_place_is_sent_again(folder):
    """A block has room for one of the eight, and forgets who has waited for one block."""
    wide = Run(folder, "wide", QUICKSTART, [*HASHED, "groups.swarm.count=0"])
    tight = Run(folder, "tight", QUICKSTART,
                [*HASHED, "groups.swarm.count=0", "chain.capacity=budget",
                 "chain.block_size=1000 B", "chain.weights_longevity=1 blocks"])
    blocks = tight["set_weights/block"]
    assert set((wide["set_weights/block"] % 100).tolist()) == {1}
    assert len(set((blocks % 100).tolist())) > 4, blocks
    assert len(blocks) > 0.8 * len(wide["set_weights/block"]), (len(blocks), blocks)


def who_is_down_in_the_right_epoch_never_reveals(folder):
    """Epochs end at 20, 40, 60, ... minutes."""
    down = {}
    for minutes in (5, 25):
        scenario = scenario_over(folder, f"down-{minutes}", QUICKSTART, f"""
faults:
  off: {{kind: crash, groups: [validators], first: 3, at: 39 min, for: {minutes} min}}
""")
        down[minutes] = Run(folder, f"down-{minutes}-run", scenario, HASHED, "100 min")
    first = {minutes: (run["set_weights/block"] < 300).sum() for minutes, run in down.items()}
    late = down[5]["set_weights/block"]
    # Two commits each by 45 minutes, at 20 and at 34; three of the eight lose both.
    assert first == {5: 16, 25: 10}, first
    assert ((late > 201) & (late < 300)).sum() == 6, late
    assert len(commits_of_rows(down[5])) > len(commits_of_rows(down[25]))


def a_run_resumed_between_commit_and_reveal_is_the_unbroken_one(folder):
    whole = Run(folder, "unbroken", QUICKSTART, HASHED, "70 min")
    assert len(whole["set_weights/block"]) >= 16
    path = os.path.join(folder, "broken")
    for until in ("25 min", "40 min", "70 min"):
        command = ["resume", path, "--until", until, "--quiet"]
        if until == "25 min":
            command = ["run", QUICKSTART, "-o", path, *options(HASHED, until)]
        done = call(*command, "--checkpoint-each-epoch")
        assert done.returncode == 0, done.stderr
    same(whole.path, path)


def weights_of_an_old_version_are_refused(folder):
    sets = [*LIGHT, "chain.weights_version_key=7"]
    old = Run(folder, "old", QUICKSTART, sets, "40 min")
    assert len(old["set_weights/block"]) == 0
    new = Run(folder, "new", QUICKSTART, [*sets, "groups.validators.version_key=7"], "40 min")
    assert len(new["set_weights/block"]) > 0


def who_heeds_the_rate_limit_sets_weights_as_soon_as_it_ends(folder):
    sets = [*LIGHT, "query.weights_interval=130 blocks", "chain.max_uids=200",
            "chain.weights_rate_limit=150 blocks"]
    gaps = {}
    for heed in ("false", "true"):
        run = Run(folder, "heed-" + heed, QUICKSTART, [*sets, f"query.heed_limits={heed}"], "3 h")
        blocks, uids = run["set_weights/block"], run["set_weights/uid"]
        gaps[heed] = numpy.concatenate([numpy.diff(blocks[uids == uid])
                                        for uid in numpy.unique(uids)])
    assert gaps["false"].min() >= 259, gaps["false"]  # every second one was too early
    assert (numpy.abs(gaps["true"] - 150) <= 2).all(), gaps["true"]


def rows_that_find_no_room_are_late_and_the_result_says_how_late(folder):
    # All validators get their permits with the first epoch, and want their rows in the next block.
    sets = [*LIGHT, "query.heed_limits=true"]
    wide = Run(folder, "roomy", QUICKSTART, sets, "30 min")
    assert (wide["set_weights/age_blocks"] == 1).all(), wide["set_weights/age_blocks"]
    first = wide["set_weights/block"].min()
    assert (wide["set_weights/block"] == first).sum() == 8, wide["set_weights/block"]
    narrow = Run(folder, "narrow", QUICKSTART,
                 [*sets, "chain.capacity=budget", "chain.block_size=700 B"], "30 min")
    ages = narrow["set_weights/age_blocks"]
    assert ages[:8].tolist() == list(range(1, 9)), ages
    assert (narrow["set_weights/block"][:8] == first + numpy.arange(8)).all()
    never = Run(folder, "never", QUICKSTART,
                [*sets, "chain.capacity=budget", "chain.block_size=200 B"], "30 min")
    assert len(never["set_weights/block"]) == 0


# ---- emission

def a_table_of_emission_pays_what_it_says(folder):
    scenario = scenario_over(folder, "table", QUICKSTART, """
chain: {emission_table: ["0 500000000", "200 0", "300 2000000000"], tempo: 99 blocks}
""")
    run = Run(folder, "table", scenario, LIGHT, "90 min")
    blocks, paid = run["block"], run["paid_rao"].astype(float)
    # finney pays in the block behind an epoch's, so each row has the epoch before it.
    emitted = numpy.where(numpy.arange(1, blocks[-1] + 1) < 200, 0.5e9, 0.0)
    emitted[299:] = 2e9
    for row in range(1, len(blocks)):
        from_block = blocks[row - 2] if row > 1 else 0
        offered = emitted[from_block:blocks[row - 1]].sum()
        assert abs(paid[row] - offered) <= 1e-6 * offered + 1000, (row, paid[row], offered)
    assert (paid[1:] > 0).sum() >= 3, paid


# ---- money

def owners_who_burn_pay_the_price_and_recycle_it(folder):
    scenario = scenario_over(folder, "burners", QUICKSTART, """
chain: {burn_registration: true, pow_registration: false, burn: 2 TAO, max_uids: 160}
groups:
  swarm: {money: {balance: 3 TAO, register: burn}}
""")
    run = Run(folder, "burn", scenario, LIGHT, "1 h")
    bought = run.events(REGISTRATION)
    assert len(bought["amount_rao"]) == 16 and (bought["amount_rao"] > 0).all(), bought
    none = Run(folder, "no-burn", scenario, [*LIGHT, "groups.swarm.money.balance=0.01 TAO"],
               "20 min")
    assert len(none.events(REGISTRATION)["block"]) == 0
    limit = Run(folder, "limit", scenario, [*LIGHT, "groups.swarm.money.burn_limit=1 TAO"],
                "10 min")
    amounts = limit.events(REGISTRATION)["amount_rao"]
    assert len(amounts) == 0, amounts
    # 48 TAO for one owner of 16 neurons, and all that was minted, less what was burned.
    held = [r["total_issuance_rao"][0].astype(object) - r["paid_rao"][0].astype(object)
            for r in (run, none)]
    early = bought["amount_rao"][bought["block"] <= run["block"][0]].astype(object).sum()
    assert held[0] - held[1] == 16 * (3 * 10**9 - 10**7) - early, (held, early)


def owners_take_what_is_cheaper(folder):
    scenario = scenario_over(folder, "either", QUICKSTART, """
chain: {burn_registration: true, burn: 2 TAO, max_uids: 160}
groups:
  swarm: {money: {balance: 100 TAO, register: cheaper}}
""")
    # 3e9 hashes a uid: 0.003 of 10^12.
    cheap_work = Run(folder, "work", scenario,
                     [*LIGHT, "groups.swarm.money.work_price=1 TAO"], "20 min")
    amounts = cheap_work.events(REGISTRATION)["amount_rao"]
    assert len(amounts) > 0 and amounts[0] == 0, amounts
    dear_work = Run(folder, "dear", scenario,
                    [*LIGHT, "groups.swarm.money.work_price=10000 TAO"], "20 min")
    assert dear_work.events(REGISTRATION)["amount_rao"][0] == 2 * 10**9


def nobody_buys_what_does_not_earn_its_price(folder):
    scenario = scenario_over(folder, "payback", QUICKSTART, """
chain: {burn_registration: true, pow_registration: false, burn: 50 TAO, min_burn: 50 TAO,
        max_uids: 160}
groups:
  swarm: {enter: 45 min, money: {balance: 1000 TAO, register: burn}}
""")
    # A server earns about 0.5 TAO / 120 a block: 50 TAO in 12000 blocks.
    for blocks, upkeep_rao, most in ((3000, 0, 0), (60000, 0, 16), (60000, 10**7, 0)):
        run = Run(folder, f"payback-{blocks}-{upkeep_rao}", scenario,
                  [*LIGHT, f"groups.swarm.money.payback={blocks} blocks",
                   f"groups.swarm.money.upkeep={upkeep_rao} rao"], "80 min")
        bought = len(run.events(REGISTRATION)["block"])
        assert bought == 0 if most == 0 else 6 <= bought <= most, (blocks, upkeep_rao, bought)


def late_neurons_come_when_they_are_due(folder):
    run = Run(folder, "late", QUICKSTART,
              [*LIGHT, "groups.swarm.enter=30 min", "chain.max_uids=160",
               "groups.swarm.host.hash_rate=1 GH/s"], "1 h")
    blocks = run.events(REGISTRATION)["block"]
    assert len(blocks) > 0 and blocks.min() > 150, blocks


def owners_move_their_stake(folder):
    scenario = scenario_over(folder, "stakers", QUICKSTART, """
chain: {tx_rate_limit: 0 blocks}
groups:
  small: {money: {interval: 50 blocks, unstake_share: 0.5, keep: 1 TAO}}
  medium: {money: {balance: 7 TAO, interval: 50 blocks, stake_share: 1, reserve: 2 TAO}}
""")
    run = Run(folder, "stakers", scenario, LIGHT, "40 min")
    added, removed = run.events(STAKE_ADDED), run.events(STAKE_REMOVED)
    assert (added["amount_rao"] == 5 * 10**9 - 500).all() and len(added["block"]) == 48, added
    assert len(removed["block"]) > 60
    still = Run(folder, "still", QUICKSTART, LIGHT, "40 min")
    assert 60e9 < run.group_rao("small") < 0.3 * still.group_rao("small")
    assert run.group_rao("medium") > still.group_rao("medium") + 100e9


def the_owner_of_a_network_gets_its_cut(folder):
    """It stakes all of it every 50 blocks: what the blocks since the last time have paid."""
    scenario = scenario_over(folder, "owned", QUICKSTART, """
chain: {owner_cut: 11796/65535, tx_rate_limit: 0 blocks}
groups:
  swarm: {count: 0}
  medium: {money: {owns_network: true, interval: 50 blocks, stake_share: 1}}
""")
    run = Run(folder, "owned", scenario, LIGHT, "90 min")
    added = run.events(STAKE_ADDED)
    hotkeys = run["hotkeys/group_id"][added["hotkey_id"]]
    assert (hotkeys == run.groups().index("medium")).all() and len(set(added["uid"])) == 1, added
    cut_rao = 10**9 * 11796 // 65535
    assert len(added["block"]) >= 8 and (numpy.diff(added["block"]) == 50).all(), added
    assert abs(int(added["amount_rao"][0]) + 500 - cut_rao * (int(added["block"][0]) - 1)) <= 100
    assert (abs(added["amount_rao"][1:] - 50 * cut_rao) <= 50).all(), added
    expect_refusal(folder, "two-owners", scenario,
                   "groups: {large: {money: {owns_network: true}}}\n",
                   "two-owners.yaml", "'groups.large.money.owns_network'",
                   "group 'medium' owns the network already")
    expect_refusal(folder, "no-owner", QUICKSTART,
                   "groups: {swarm: {count: 0, money: {owns_network: true}}}\n",
                   "has no neuron whose owner it could be")
    expect_refusal(folder, "unowned", QUICKSTART, "chain: {owner_cut: 0.5}\n",
                   "it counts only when groups.*.money.owns_network=true")


def a_rate_limit_on_staking_holds(folder):
    scenario = scenario_over(folder, "limited", QUICKSTART, """
groups:
  small: {money: {interval: 10 blocks, unstake_share: 0.5}}
""")
    run = Run(folder, "limited", scenario, LIGHT, "2 h")  # finney: 1000 blocks, 600 here
    removed = run.events(STAKE_REMOVED)
    assert 50 <= len(removed["block"]) <= 60, len(removed["block"])
    assert len(set(removed["owner_id"].tolist())) == len(removed["block"])


# ---- delegation

DELEGATION = """
chain: {tx_rate_limit: 0 blocks}
groups:
  validators: {stake: 8000 TAO, money: {delegate: true}}
delegators:
  people: {count: 10, balance: 5000 TAO, interval: 50 blocks}
"""


def delegators_stake_on_delegates_alone(folder):
    scenario = scenario_over(folder, "delegation", QUICKSTART, DELEGATION)
    run = Run(folder, "delegation", scenario, LIGHT, "40 min")
    added = run.events(STAKE_ADDED)
    assert len(added["block"]) >= 10
    validators = run.groups().index("validators")
    groups = run["hotkeys/group_id"][added["hotkey_id"]]
    assert (groups == validators).all(), groups
    # Delegators are numbered behind all owners.
    assert added["owner_id"].min() > run["hotkeys/owner_id"].max()
    closed = Run(folder, "closed", scenario, [*LIGHT, "groups.validators.money.delegate=false"],
                 "40 min")
    assert len(closed.events(STAKE_ADDED)["block"]) == 0


TAKES = DELEGATION.replace("delegators:", """
  cheap:
    {count: 8, validator: true, miner: false, stake: 8000 TAO, diet: {concentration: 20},
     model: {name: gru, embedding: 32, hidden: 48}, training: {interval: 18 s},
     money: {delegate: true, take: 0.01}}
delegators:""")
AMONG_TAKES = [*CURRENT, "query.heed_limits=true", "chain.max_uids=140",
               "delegators.people.count=20", "delegators.people.balance=50 TAO"]


def delegators_go_where_less_is_taken(folder):
    scenario = scenario_over(folder, "takes", QUICKSTART, TAKES)
    run = Run(folder, "takes", scenario, AMONG_TAKES, "3 h")
    added = run.events(STAKE_ADDED)
    names = [run.groups()[g] for g in run["hotkeys/group_id"][added["hotkey_id"]]]
    last = dict(zip(added["owner_id"].tolist(), names))
    assert len(added["block"]) >= 40, "nobody has moved"
    assert len(last) == 20 and list(last.values()).count("cheap") >= 18, last


def delegators_stay_where_a_rival_gains_too_little_or_gains_are_nothing_to_them(folder):
    scenario = scenario_over(folder, "loyal", QUICKSTART, TAKES)
    for name, key in (("content", "switch_gain=1000000"), ("by-size", "choice=stake"),
                      ("by-lot", "choice=random")):
        run = Run(folder, name, scenario, [*AMONG_TAKES, f"delegators.people.{key}"], "3 h")
        assert len(run.events(STAKE_ADDED)["block"]) >= 20, name
        assert len(run.events(STAKE_REMOVED)["block"]) == 0, name


# ---- first states

def the_uids_and_stakes_of_a_file_are_the_first_state(folder):
    run = Run(folder, "file", REAL_START, ["groups.newcomers.count=0", "chain.tempo=20 blocks",
                                           "groups.miners.money.interval=0 blocks",
                                           "groups.validators.money.interval=0 blocks",
                                           "delegators.by-return.count=0",
                                           "delegators.by-size.count=0", *LIGHT_START], "6 min")
    data = os.path.join(os.path.dirname(REAL_START), "data/metagraph-netuid15")
    lines = open(os.path.join(data, "neurons.csv"), encoding="utf-8").read().split()[1:]
    stakes = numpy.array([float(line.split(",")[2]) for line in lines])
    first = run["stake_rao"][0] - run["emission_rao"][0].astype(float)
    assert run["peers"][0] == 256
    order = stakes > 1
    assert (abs(first[order] / 1e9 / stakes[order] - 1) < 1e-6).all()
    validators = run["group_id"][0] == run.groups().index("validators")
    assert validators.sum() == 20 and stakes[validators].sum() > 0.99 * stakes.sum()
    # The file's rows pay in the first epoch, before anybody has asked anything.
    assert run["dividends"][0][validators].sum() > 0.99
    assert run["incentive"][0].sum() > 0.99


def a_resolved_scenario_holds_the_file(folder):
    run = Run(folder, "held", REAL_START, ["chain.tempo=20 blocks", *LIGHT_START], "5 min")
    again = call("run", os.path.join(run.path, "scenario.yaml"), "-o",
                 os.path.join(folder, "held-2"), "--quiet")
    assert again.returncode == 0, again.stderr
    other = h5py.File(os.path.join(folder, "held-2", "result.h5"))
    assert other.attrs["trace_digest"] == run.file.attrs["trace_digest"]


def a_result_is_a_first_state(folder):
    before = Run(folder, "before", QUICKSTART, LIGHT, "1 h")
    row = len(before["block"]) - 1
    tables = os.path.join(folder, "tables")
    said = call("genesis", os.path.join(before.path, "result.h5") + f"@{row}", "-o", tables)
    assert said.returncode == 0, said.stderr
    wrong = call("genesis", os.path.join(before.path, "result.h5") + "@99", "-o", tables)
    assert wrong.returncode == 2 and "has epochs 0 to" in wrong.stderr, wrong.stderr
    scenario = scenario_over(folder, "after", QUICKSTART, f"""
twin: {{set: {{groups.swarm.count: 16}}}}
genesis: {{neurons: {{file: {tables}/neurons.csv}}, weights: {{file: {tables}/weights.csv}}}}
""")
    after = Run(folder, "after", scenario, [*LIGHT, "chain.tempo=4 blocks"], "1 min")
    assert (after["group_id"][0] == before["group_id"][row]).all()
    assert (after["stake_rao"][0] == before["stake_rao"][row]).all()
    assert after["incentive"][0].sum() > 0.99  # the rows count


def expect_refusal(folder, name, base, text, *said):
    path = scenario_over(folder, name, base, text)
    for command in (("check", path), ("run", path, "--dry-run")):
        done = call(*command)
        assert done.returncode == 2, (name, command, done.returncode, done.stderr)
        for words in said:
            assert words in done.stderr, (name, words, done.stderr)


def a_first_state_that_does_not_fit_is_refused_with_the_place(folder):
    table = os.path.join(folder, "table.csv")
    with open(table, "w", encoding="utf-8") as file:
        file.write("uid,hotkey,stake_tao\n0,A,1\n1,B,none\n")
    expect_refusal(folder, "bad-line", QUICKSTART, f"genesis: {{neurons: {{file: {table}}}}}\n",
                   f"{table}:3:5: 'genesis.neurons': 'none' is not an amount of TAO", "1,B,none",
                   "    ^")
    expect_refusal(folder, "inline", QUICKSTART,
                   "genesis:\n  neurons: [\"uid,hotkey,stake_tao\", \"0,A,x\"]\n",
                   "inline.yaml:4:42: 'genesis.neurons': 'x' is not an amount of TAO")
    expect_refusal(folder, "no-file", QUICKSTART, "genesis: {neurons: {file: missing.csv}}\n",
                   "no-file.yaml:3:27:", "cannot read", "missing.csv")
    with open(table, "w", encoding="utf-8") as file:
        file.write("uid,hotkey,stake_tao\n0,A,1\n1,B,1\n")
    expect_refusal(folder, "roles", QUICKSTART, f"genesis: {{neurons: {{file: {table}}}}}\n",
                   "has 2 uids for the 60 neurons of group 'small'")
    with open(table, "w", encoding="utf-8") as file:
        file.write("uid,hotkey,stake_tao,group\n0,A,1,small\n1,B,1,nobody\n")
    expect_refusal(folder, "stranger", QUICKSTART, f"genesis: {{neurons: {{file: {table}}}}}\n",
                   "uid 1 belongs to group 'nobody'")


def a_network_that_can_never_mint_is_refused_with_the_reason(folder):
    poor = "".join(f"  {group}: {{stake: 0 TAO}}\n"
                   for group in ("small", "medium", "large", "validators"))
    expect_refusal(folder, "poor", QUICKSTART, f"groups:\n{poor}", "nothing would ever be minted",
                   "mechanism 'finney'")


def an_empty_network_bootstraps_from_a_premine(folder):
    empty = "".join(f"  {group}: {{genesis: false, money: {{balance: 100 TAO, register: burn, "
                    "interval: 30 blocks, stake_share: 0.5}}\n"
                    for group in ("small", "medium", "large", "validators")).replace("}}\n", "}}\n")
    scenario = scenario_over(folder, "empty", QUICKSTART, """
chain: {burn_registration: true, burn: 1 TAO, max_burn: 1 TAO, max_registrations_per_block: 0,
        max_registrations_per_interval_factor: 0, tx_rate_limit: 0 blocks}
groups:
""" + empty)
    run = Run(folder, "empty", scenario, LIGHT, "90 min")
    assert run["peers"][0] == 128, run["peers"]
    assert run["total_stake_rao"][0] > 0 and run["paid_rao"][-1] > 0.99 * 99e9, run["paid_rao"]


# ---- continued runs

def same(a, b):
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "same_result.py")
    done = subprocess.run([sys.executable, script, os.path.join(a, "result.h5"),
                           os.path.join(b, "result.h5")], check=False, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stdout


def a_continued_run_is_the_unbroken_one(folder):
    """Money, delegators, late neurons, sealed weights and a table of uids in the checkpoint."""
    sets = ["chain.tempo=20 blocks", "groups.newcomers.enter={uniform: [1 min, 25 min]}",
            "delegators.by-return.choice=random", "delegators.by-size.interval=7 blocks",
            "delegators.by-return.interval=13 blocks", "chain.reveal_period=2",
            "query.weights_interval=25 blocks", "chain.weights_rate_limit=10 blocks",
            "groups.miners.money.owns_network=true", *FEW]
    whole = Run(folder, "whole", REAL_START, sets, "30 min")
    assert len(whole["set_weights/block"]) > 20
    for kind in (REGISTRATION, STAKE_ADDED, STAKE_REMOVED):
        assert len(whole.events(kind)["block"]) > 5, kind
    path = os.path.join(folder, "parts")
    for until in ("9 min", "17 min", "30 min"):
        command = ["resume", path, "--until", until, "--quiet"]
        if until == "9 min":
            command = ["run", REAL_START, "-o", path, *options(sets, until)]
        done = call(*command, "--checkpoint-each-epoch")
        assert done.returncode == 0, done.stderr
    same(whole.path, path)


CASES = (
    sealed_weights_are_opened_an_epoch_later_and_pay,
    a_longer_seal_is_opened_later,
    a_revealed_hash_opens_what_the_chain_would_have_opened,
    a_reveal_that_finds_no_place_is_sent_again,
    who_is_down_in_the_right_epoch_never_reveals,
    a_run_resumed_between_commit_and_reveal_is_the_unbroken_one,
    weights_of_an_old_version_are_refused,
    who_heeds_the_rate_limit_sets_weights_as_soon_as_it_ends,
    rows_that_find_no_room_are_late_and_the_result_says_how_late,
    a_table_of_emission_pays_what_it_says,
    owners_who_burn_pay_the_price_and_recycle_it,
    owners_take_what_is_cheaper,
    nobody_buys_what_does_not_earn_its_price,
    late_neurons_come_when_they_are_due,
    owners_move_their_stake,
    the_owner_of_a_network_gets_its_cut,
    a_rate_limit_on_staking_holds,
    delegators_stake_on_delegates_alone,
    delegators_go_where_less_is_taken,
    delegators_stay_where_a_rival_gains_too_little_or_gains_are_nothing_to_them,
    the_uids_and_stakes_of_a_file_are_the_first_state,
    a_resolved_scenario_holds_the_file,
    a_result_is_a_first_state,
    a_first_state_that_does_not_fit_is_refused_with_the_place,
    a_network_that_can_never_mint_is_refused_with_the_reason,
    an_empty_network_bootstraps_from_a_premine,
    a_continued_run_is_the_unbroken_one,
)


def main():
    cases = [case for case in CASES if CASE in case.__name__]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for case in cases:
            try:
                case(folder)
            except AssertionError as problem:
                failed += 1
                line = problem.__traceback__.tb_next.tb_lineno
                print(f"{case.__name__}:{line}: {problem}")
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
