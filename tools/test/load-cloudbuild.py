"""Reads build files by the loader of the Cloud SDK that is installed: `python3 load-cloudbuild.py <root of the SDK> <file>...`.

Prints a list as JSON: for each file what was understood, or `{"problem": ...}` with the loader's words when it is no build.
"""

import json
import os
import sys

sys.dont_write_bytecode = True
root = sys.argv[1]
for folder in ("lib", os.path.join("lib", "third_party")):
    sys.path.insert(0, os.path.join(root, folder))

from googlecloudsdk.api_lib.cloudbuild import cloudbuild_util, config  # noqa: E402
from apitools.base.py import encoding  # noqa: E402


def load(path):
    try:
        build = config.LoadCloudbuildConfigFromPath(path, cloudbuild_util.GetMessagesModule())
    except Exception as error:  # The loader has a class of its own for each mistake.
        return {"problem": str(error)}
    return json.loads(encoding.MessageToJson(build))


print(json.dumps([load(path) for path in sys.argv[2:]]))
