#!/bin/bash
# Runs each libFuzzer target for FUZZ_SECONDS over its corpus (kept in build/fuzz/corpus), seeded from
# regress/fuzz/seeds/NAME and helped by regress/fuzz/NAME.dict where they exist. With FUZZ_RUNS each makes so
# many inputs from the seeds alone, the same ones every time: a test that luck can't turn red.
set -u
# shellcheck source=regress/counts.sh
. "$(dirname "$0")/counts.sh"
# What libFuzzer tries next depends on addresses, too.
same=()
[ -n "${FUZZ_RUNS:-}" ] && setarch -R true 2>/dev/null && same=(setarch -R)
mkdir -p build/fuzz/crashes
for program in build/fuzz/bin/fuzz_*; do
    [ -x "$program" ] || continue
    name=$(basename "$program")
    if [ -n "${FUZZ_RUNS:-}" ]; then
        corpus=build/fuzz/same/$name
        rm -rf "$corpus"
        amount=(-runs="$FUZZ_RUNS" -seed=1 -reload=0)
    else
        corpus=build/fuzz/corpus/$name
        amount=(-max_total_time="${FUZZ_SECONDS:-600}")
    fi
    mkdir -p "$corpus"
    options=("${amount[@]}" -timeout=60 -rss_limit_mb=1024 -print_final_stats=1
        -artifact_prefix="build/fuzz/crashes/$name-")
    [ -f "regress/fuzz/$name.dict" ] && options+=(-dict="regress/fuzz/$name.dict")
    seeds=()
    [ -d "regress/fuzz/seeds/$name" ] && seeds=("regress/fuzz/seeds/$name")
    if "${same[@]}" "$program" "${options[@]}" "$corpus" "${seeds[@]}" >"build/fuzz/$name.log" 2>&1; then
        passed=$((passed + 1))
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$name.log")
        seconds=$(sed -n 's/^Done .* in \([0-9]*\) second.*/\1/p' "build/fuzz/$name.log")
        echo "$name: ${runs:-?} inputs in ${seconds:-?} s, nothing found"
    else
        failed=$((failed + 1))
        echo "$name: failed"
        tail -n 40 "build/fuzz/$name.log"
    fi
done
tell_counts && [ "$passed" -gt 0 ]
