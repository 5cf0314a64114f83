"""What an editor says about scenarios and studies, by yaml-language-server and our JSON Schemas.

usage: editor.py SOURCE_ROOT BUILD_ROOT

The server (npm, installed into BUILD_ROOT/npm when it is not there) reads each scenario and study
as an editor would.  It finds nothing in those of the repository and something in each of
broken/*.yaml and broken_studies/*.yaml, but for those of UNSEEN and UNSEEN_STUDIES, which a JSON
Schema cannot express; it completes names and keys, and explains keys.  Exits 77 (skipped) where
the server cannot be had.
"""
import json
import pathlib
import shutil
import subprocess
import sys

ROOT, BUILD = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
VERSION = "1.18.0"
SERVER = BUILD / "npm/node_modules/.bin/yaml-language-server"
SCHEMAS = {"scenarios": ROOT / "scenarios/scenario.schema.json",
           "studies": ROOT / "scenarios/study.schema.json"}

# What only `taosim check` sees, and why.
UNSEEN = {
    "another file": {"base_is_itself", "base_missing",
                     "column_of_a_missing_file", "list_from_a_missing_file",
                     "plugin_that_is_not_there", "group_of_a_base_misspelt"},
    "bounds of a value with a unit": {"out_of_range_below", "uniform_upside_down"},
    "exactness": {"below_the_smallest_unit", "more_than_64_bits"},
    "what may be missing because of a base": {"missing_count_of_a_group"},
    "what a table says": {"table_with_a_bad_stake", "table_with_many_slips",
                          "column_with_many_slips"},
    "relations of values": {"more_neurons_than_uids",
                            "nobody_ever_has_stake", "weights_do_not_match", "weights_all_zero",
                            "negative_sigma", "burn_in_nakamoto", "burn_out_of_order",
                            "evaluation_of_too_much_text", "limits_below_the_cap",
                            "mechanism_rule_of_its_own",
                            "scorer_by_a_gate_that_the_router_has_not",
                            "questions_longer_than_a_model_takes",
                            "more_kept_than_there_are_symbols",
                            "heads_that_do_not_divide_the_width", "distilling_from_phrases",
                            "two_owners_of_a_network"},
    "keys without effect beside the values of others": {
        path.stem for path in (ROOT / "tests/unit/broken").glob("*.yaml")
        if "idle_" in path.stem or "without_effect" in path.stem} | {
            "take_where_nobody_chooses_it"},
    "what went before in a schedule": {
        "schedule_breaks_an_order", "schedule_in_blocks_and_time_out_of_order",
        "schedule_lowers_the_cap", "schedule_of_a_setting_without_effect",
        "schedule_out_of_order"},
    "YAML that is legal": {"alias_within_its_anchor", "tag", "too_deep", "merge_of_a_number",
                           "capital_true", "hexadecimal", "leading_point", "leading_zero",
                           "not_a_number", "zero_byte_in_text", "not_utf8"},
    "names of groups and regions elsewhere, and keys that go together": {
        "fault_in_an_unknown_region", "fault_of_an_unknown_group",
        "fault_with_a_key_of_another_kind", "fault_with_mtbf_alone",
        "flood_of_a_neuron_that_is_not_there", "flood_without_a_victim",
        "partition_of_nothing_from_all", "partition_with_a_region_on_both_sides",
        "twin_whose_fault_names_no_group"},
    "networks that share a chain": {
        "fault_on_a_group_of_several_networks", "network_of_another_profile",
        "network_whose_keys_do_not_fit", "network_without_stake", "networks_of_one_number",
        "networks_of_the_first_chain", "networks_that_name_none",
        "networks_whose_shares_are_not_one", "networks_with_a_share_too_fine",
        "networks_without_a_number", "root_split_without_voters",
        "root_voters_that_are_not_there", "root_without_networks",
        "schedule_after_which_shares_are_not_one", "schedule_of_a_pattern_of_networks",
        "set_on_a_group_that_no_network_has"},
    "nothing to look at": {"only_a_comment"},
}
UNSEEN_STUDIES = {
    "another file": {"base_missing", "base_is_broken"},
    "names of groups, conditions, and what a folder can be called": {
        "name_that_is_no_folder",
        "where_with_a_slip", "where_that_does_not_end", "where_that_compares_a_text",
        "where_that_nothing_meets"},
    "paths that a study has for itself": {"seed_as_a_parameter"},
    "relations of values": {
        "where_in_a_saltelli_design", "points_that_the_scenario_refuses", "a_million_runs",
        "zip_of_unequal_lists", "design_without_params", "grid_of_a_free_range"},
    "what an end of a range is": {
        "range_upside_down", "log_from_zero", "units_of_another_kind",
        "ends_out_of_the_keys_range", "spread_of_nothing", "range_of_what_is_no_number",
        "step_of_nothing"},
}


class Server:
    """One language server and the conversation with it."""

    def __init__(self):
        self.process = subprocess.Popen([str(SERVER), "--stdio"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.next_id = 0
        self.diagnostics = {}
        self.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {
            "workspace": {"configuration": True}, "textDocument": {"publishDiagnostics": {}}}})
        self.tell("initialized", {})

    def send(self, message):
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self.process.stdin.flush()

    def receive(self):
        length = 0
        while (line := self.process.stdout.readline().strip()) != b"":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return json.loads(self.process.stdout.read(length))

    def settings(self, item):
        yaml = {"validate": True, "completion": True, "hover": True,
                "schemaStore": {"enable": False},
                "schemas": {path.as_uri(): f"{kind}/*.yaml" for kind, path in SCHEMAS.items()}}
        return yaml if item.get("section") == "yaml" else None

    def handle(self, message):
        """Anything that is no answer to a question of ours."""
        if message.get("method") == "textDocument/publishDiagnostics":
            self.diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif message.get("method") == "workspace/configuration":
            self.send({"id": message["id"],
                       "result": [self.settings(item) for item in message["params"]["items"]]})
        elif "method" in message and "id" in message:
            self.send({"id": message["id"], "result": None})

    def tell(self, method, params):
        self.send({"method": method, "params": params})

    def ask(self, method, params):
        self.next_id += 1
        self.send({"id": self.next_id, "method": method, "params": params})
        while True:
            message = self.receive()
            if "method" not in message and message.get("id") == self.next_id:
                return message.get("result")
            self.handle(message)

    def open(self, name, text, kind="scenarios"):
        uri = f"file:///{kind}/{name}.yaml"
        self.tell("textDocument/didOpen", {"textDocument": {
            "uri": uri, "languageId": "yaml", "version": 1, "text": text}})
        return uri

    def examine(self, name, text, kind="scenarios"):
        """The server's diagnostics of a text."""
        uri = self.open(name, text, kind)
        while uri not in self.diagnostics:
            self.handle(self.receive())
        return self.diagnostics[uri]

    def at(self, method, uri, line, character):
        return self.ask(method, {"textDocument": {"uri": uri},
                                 "position": {"line": line, "character": character}})


def install():
    if SERVER.exists():
        return True
    if shutil.which("npm") is None:
        print("skipped: npm is not installed")
        return False
    done = subprocess.run(["npm", "install", "--silent", "--prefix", str(BUILD / "npm"),
                           f"yaml-language-server@{VERSION}"], check=False)
    if done.returncode != 0 or not SERVER.exists():
        print("skipped: npm could not install yaml-language-server")
        return False
    return True


def without_schema_line(text):
    """The test says which schema counts; the line's relative path would lead nowhere."""
    return "".join(line for line in text.splitlines(True) if "$schema=" not in line)


def good_files(server):
    """(name, what is wrong) of what comes with the program."""
    for kind, pattern in (("scenarios", "*/scenario.yaml"), ("studies", "studies/*/study.yaml")):
        for path in sorted((ROOT / "scenarios").glob(pattern)):
            found = server.examine("good-" + path.parent.name,
                                   without_schema_line(path.read_text()), kind)
            yield path.parent.name, [item["message"] for item in found]


def bad_files(server):
    """(name, what is wrong) of broken ones: nothing is found, or something that is in UNSEEN."""
    for kind, folder, groups in (("scenarios", "broken", UNSEEN),
                                 ("studies", "broken_studies", UNSEEN_STUDIES)):
        unseen = set().union(*groups.values())
        for path in sorted((ROOT / "tests/unit" / folder).glob("*.yaml")):
            found = server.examine("bad-" + path.stem, path.read_bytes().decode(errors="replace"),
                                   kind)
            expected = path.stem not in unseen
            yield path.stem, [] if bool(found) == expected else [
                "the editor finds nothing" if expected
                else f"is known as unseen, but the editor says: {found[0]['message']}"]


def helps(server):
    """(what, what is wrong) of completion and hover."""
    text = "name: t\nuntil: 1 h\nmechanism: \nnetwork:\n  \nchain:\n  tempo: 50 blocks\n"
    uri = server.open("help", text)
    for what, line, character, wanted in (("completes a mechanism", 2, 11, "yuma3"),
                                          ("completes a key", 4, 2, "sharing")):
        items = server.at("textDocument/completion", uri, line, character)["items"]
        labels = [item["label"] for item in items]
        yield what, [] if wanted in labels else [f"{wanted} is not among {labels}"]
    hover = server.at("textDocument/hover", uri, 6, 4)
    words = json.dumps(hover)
    yield "explains a key", [] if "blocks of an epoch" in words else [words]
    text = "name: t\nbase: b.yaml\ndesign: \nparams:\n  \nreplicates: 3\n"
    uri = server.open("help", text, "studies")
    for what, line, character, wanted in (("completes a design", 2, 8, "saltelli"),
                                          ("completes a parameter", 4, 2, "chain.tempo")):
        items = server.at("textDocument/completion", uri, line, character)["items"]
        labels = [item["label"] for item in items]
        yield what, [] if wanted in labels else [f"{wanted} is not among {labels[:20]}"]
    words = json.dumps(server.at("textDocument/hover", uri, 5, 4))
    yield "explains a study's key", [] if "runs of each point" in words else [words]


def main():
    if not install():
        return 77
    server = Server()
    passed = failed = 0
    for cases in (good_files(server), bad_files(server), helps(server)):
        for name, problems in cases:
            passed += not problems
            failed += bool(problems)
            for problem in problems[:3]:
                print(f"{name}: {problem}")
    server.process.terminate()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
