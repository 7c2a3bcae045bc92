#!/usr/bin/env bash
# May this plan be applied without a person? An example of a gate between `lifeboat plan --out` and `lifeboat apply`.
#
#     examples/gate/gate.sh plan.json
#
# GATE_FREE   settings that may change without a person, parted by commas (default: bucket-tags)
#
# Exit 0: yes. 1: no, each reason on a line. 2: the question cannot be asked.
set -euo pipefail

[ $# -eq 1 ] || { echo "usage: gate.sh PLAN" >&2; exit 2; }
command -v jq > /dev/null || { echo "gate.sh needs jq" >&2; exit 2; }

here=$(cd "$(dirname "$0")" && pwd)
reasons=$(jq -r --arg free "${GATE_FREE-bucket-tags}" -f "$here/gate.jq" "$1") || { echo "gate.sh: $1 is not a plan" >&2; exit 2; }
if [ -n "$reasons" ]; then
  echo "a person must look at this plan:"
  sed 's/^/  /' <<< "$reasons"
  exit 1
fi
echo "nothing in this plan needs a person"
