#!/bin/bash
# The tests of ALTER TABLE on SQLite (make check-alter). LIMBECK_TABLES sets the number of random tables.
#
#     regress/alter/run.sh [NAME ...]      actions, shapes, inverse, together, postgres
set -u
cd "$(dirname "$0")/../.." || exit 1
here=regress/alter
names=("$@")
[ $# -gt 0 ] || names=(actions shapes inverse together postgres)
passed=0 failed=0

for name in "${names[@]}"; do
    output=$(/usr/bin/python3 "$here/$name.py" 2>&1)
    status=$?
    line=$(grep -aE '^[0-9]+ passed, [0-9]+ failed$' <<<"$output" | tail -n 1)
    [ -n "$line" ] || line="0 passed, 1 failed"
    p=${line%% passed*} f=${line##*passed, }
    f=${f%% failed}
    [ "$status" -ne 0 ] && [ "$f" -eq 0 ] && f=1
    grep -avE '^[0-9]+ passed, [0-9]+ failed$' <<<"$output"
    echo "# $name: $p passed, $f failed"
    passed=$((passed + p)) failed=$((failed + f))
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
