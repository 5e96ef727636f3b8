#!/bin/bash
# Runs the cmocka programs of a directory and adds up their tests: unit.sh build/unit
set -u
# shellcheck source=regress/counts.sh
. "$(dirname "$0")/counts.sh"
for program in "$1"/test_*; do
    [ -x "$program" ] && [ ! -d "$program" ] && [ "${program%.d}" = "$program" ] || continue
    output=$("$program" 2>&1)
    status=$?
    p=$(grep -aoE '^\[  PASSED  \] [0-9]+' <<<"$output" | awk '{n += $4} END {print n + 0}')
    f=$(grep -aoE '^\[  FAILED  \] [0-9]+ test' <<<"$output" | awk '{n += $4} END {print n + 0}')
    [ "$p" -gt 0 ] || status=1
    add_up "$status"
    [ "$f" -eq 0 ] || echo "$output"
    printf '%-24s %4d passed, %d failed\n' "$(basename "$program")" "$p" "$f"
done
tell_counts && [ "$passed" -gt 0 ]
