#!/bin/bash
# The tests of ALTER TABLE on SQLite (make check-alter). LIMBECK_TABLES sets the number of random tables,
# LIMBECK_SEED tries one; LIMBECK_LONG=1 tries every point of failure.
#
#     regress/alter/run.sh [NAME ...]      actions drop few onlookers shapes inverse together ways postgres kill interrupt memory disk
set -u
cd "$(dirname "$0")/../.." || exit 1
here=regress/alter
out=build/alter
library=${LIMBECK_LIBRARY:-sqlite_ext/limbeck.so}
names=("$@")
[ $# -gt 0 ] || names=(actions drop few onlookers shapes inverse together ways postgres kill interrupt memory disk)
mkdir -p "$out"
. regress/counts.sh

for name in "${names[@]}"; do
    if [ -f "$here/$name.py" ]; then
        output=$(/usr/bin/python3 "$here/$name.py" 2>&1)
    else
        # The fault tests of the SQLite host, trying rebuilds.
        output=$(cc -std=c11 -Wall -Wextra -Werror -O1 -g -DFAULT_ALTER "regress/sqlite/$name.c" -lsqlite3 \
            -o "$out/$name" 2>&1 && "$out/$name" "$library" 2>&1)
    fi
    take_counts "$output" $?
    without_counts "$output"
    echo "# $name: $p passed, $f failed"
done

tell_counts
