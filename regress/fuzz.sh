#!/bin/bash
# Runs each libFuzzer target for FUZZ_SECONDS over its corpus (kept in build/fuzz/corpus), seeded from
# regress/fuzz/seeds/NAME and helped by regress/fuzz/NAME.dict where they exist.
set -u
passed=0 failed=0
mkdir -p build/fuzz/crashes
for program in build/fuzz/bin/fuzz_*; do
    [ -x "$program" ] || continue
    name=$(basename "$program")
    corpus=build/fuzz/corpus/$name
    mkdir -p "$corpus"
    options=(-max_total_time="${FUZZ_SECONDS:-600}" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1
        -artifact_prefix="build/fuzz/crashes/$name-")
    [ -f "regress/fuzz/$name.dict" ] && options+=(-dict="regress/fuzz/$name.dict")
    seeds=()
    [ -d "regress/fuzz/seeds/$name" ] && seeds=("regress/fuzz/seeds/$name")
    if "$program" "${options[@]}" "$corpus" "${seeds[@]}" >"build/fuzz/$name.log" 2>&1; then
        passed=$((passed + 1))
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$name.log")
        echo "$name: ${runs:-?} inputs in ${FUZZ_SECONDS:-600} s, nothing found"
    else
        failed=$((failed + 1))
        echo "$name: failed"
        tail -n 40 "build/fuzz/$name.log"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
