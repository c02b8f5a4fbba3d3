"""Looks every `gcloud` of shell text up in the command tree of the Cloud SDK that is installed.

`python3 check-gcloud.py <root of the SDK> < {"where": "text", ...}`; prints as JSON how many commands there were, and what is not so.
"""

import json
import os
import re
import shlex
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(sys.argv[1], "data", "cli"))

from gcloud_completions import STATIC_COMPLETION_CLI_TREE as TREE  # noqa: E402

COMMAND = re.compile(r"(?:^|[|;&(]\s*|\bdo\s+)gcloud\s+([^|;&]*)")


def commands(text):
    for line in text.replace("\\\n", " ").split("\n"):
        for found in COMMAND.finditer(line.strip()):
            yield found.group(1)


def problems(command):
    lexer = shlex.shlex(command, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = "#"
    node, depth, flags = TREE, [], dict(TREE["flags"])
    for word in lexer:
        if word.startswith("--"):
            flag = word.split("=")[0]
            known = {flag, flag.replace("--no-", "--", 1), flag.replace("--", "--no-", 1)}
            if not known & set(flags):
                yield "gcloud %s has no %s" % (" ".join(depth), flag)
        elif node["commands"]:
            if word not in node["commands"]:
                yield "gcloud %s has no command %s" % (" ".join(depth), word)
                return
            node = node["commands"][word]
            depth.append(word)
            flags.update(node["flags"])
    if node["commands"]:
        yield "gcloud %s is no command by itself" % " ".join(depth)


found = [(where, command) for where, text in json.load(sys.stdin).items() for command in commands(text)]
wrong = ["%s: %s" % (where, problem) for where, command in found for problem in problems(command)]
print(json.dumps({"commands": len(found), "problems": wrong}))
