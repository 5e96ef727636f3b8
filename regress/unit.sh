#!/bin/bash
# Runs the cmocka programs of a directory and adds up their tests: unit.sh build/unit
set -u
passed=0 failed=0
for program in "$1"/test_*; do
    [ -x "$program" ] && [ ! -d "$program" ] && [ "${program%.d}" = "$program" ] || continue
    output=$("$program" 2>&1)
    status=$?
    p=$(grep -aoE '^\[  PASSED  \] [0-9]+' <<<"$output" | awk '{n += $4} END {print n + 0}')
    f=$(grep -aoE '^\[  FAILED  \] [0-9]+ test' <<<"$output" | awk '{n += $4} END {print n + 0}')
    if [ "$status" -ne 0 ] || [ "$p" -eq 0 ]; then
        [ "$f" -eq 0 ] && f=1
        echo "$output"
    fi
    printf '%-24s %4d passed, %d failed\n' "$(basename "$program")" "$p" "$f"
    passed=$((passed + p)) failed=$((failed + f))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
