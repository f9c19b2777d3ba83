#!/usr/bin/env bash
# Compares two commits by some benchmarks, in the present environment: asv continuous refuses to.
#
# asv_bench/regression.sh BASE HEAD REGEX [FACTOR]      run nothing beside it
#
# Each is checked out in a worktree of its own, whose xdl the benchmarks of this checkout import; in turns, twice, so
# that a slow hour of the machine falls on both. Beyond FACTOR (1.1) a row is marked: + slower, - faster; and ! if it fails
# now. The status is 1 if one is slower or fails. Rates and shares asv takes for times: their marks mean the opposite.
set -euo pipefail
[ $# -ge 3 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2; }
base=$(git rev-parse "$1^{commit}") head=$(git rev-parse "$2^{commit}") regex=$3 factor=${4:-1.1}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'for c in "$work"/tree-*; do git -C "$here" worktree remove --force "$c"; done; rm -rf "$work"' EXIT

for commit in "$base" "$head"; do
    git -C "$here" worktree add --quiet --detach "$work/tree-$commit" "$commit"
done
cat > "$work/asv.conf.json" <<END
{"version": 1, "project": "xdl", "repo": "$here/..", "branches": ["main"], "environment_type": "existing",
 "benchmark_dir": "$here/benchmarks", "results_dir": "$work/results", "html_dir": "$work/html"}
END
export HOME=$work # asv keeps the machine's description there
cd "$work"
asv machine --yes --machine here > /dev/null
for turn in 1 2; do
    for commit in "$base" "$head"; do
        # asv hides PYTHONPATH from benchmarks, but not this
        export ASV_PYTHONPATH="$work/tree-$commit:$work/tree-$commit/backends"
        asv run --python=same --launch-method spawn --set-commit-hash "$commit" --machine here --bench "$regex" \
            --append-samples --record-samples || [ $? -eq 2 ]
    done
done
asv compare --machine here --factor "$factor" --split --only-changed "$base" "$head" | tee table
! grep -Eq '^\| [+!] ' table
