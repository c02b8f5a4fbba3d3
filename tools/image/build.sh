#!/bin/sh
# Builds on what Dockerfile.args names. What stands behind it goes to `docker build`, or to the engine that ENGINE names:
# `sh tools/image/build.sh --target orchestrator --tag orchestrator .`
set -eu
bases=$(sed -n 's/^\([A-Z_]*=.*\)$/--build-arg \1/p' "$(dirname "$0")/../../Dockerfile.args")
# Words of their own: no name of an image holds a space.
# shellcheck disable=SC2086
exec "${ENGINE:-docker}" build $bases "$@"
