#!/bin/bash
# The fault tests of the SQLite host (make check-sqlite). LIMBECK_LONG=1 tries every point: minutes.
#
#     regress/sqlite/run.sh [NAME ...]      interrupt, memory, disk, processes, calls, kept, large
set -u
cd "$(dirname "$0")/../.." || exit 1
here=regress/sqlite
out=build/sqlite
sanitize=(-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all)
names=("$@")
[ $# -gt 0 ] || names=(calls kept large processes disk interrupt memory)
mkdir -p "$out"
. regress/counts.sh

take() { # title command ...: runs a test and adds its counts
    local title=$1 output
    shift
    output=$("$@" 2>&1)
    take_counts "$output" $?
    without_counts "$output"
    echo "# $title: $p passed, $f failed"
}

for name in "${names[@]}"; do
    if [ -f "$here/$name.py" ]; then
        take "$name" /usr/bin/python3 "$here/$name.py" sqlite_ext/limbeck.so
        continue
    fi
    if ! cc -std=c11 -Wall -Wextra -Werror -O1 -g "$here/$name.c" -lsqlite3 -o "$out/$name"; then
        failed=$((failed + 1))
        continue
    fi
    take "$name" "$out/$name" sqlite_ext/limbeck.so
done

# The two that end calls in the middle once more, with the sanitizers looking for what is lost.
for name in interrupt memory; do
    [[ " ${names[*]} " == *" $name "* ]] && [ -f build/asan/limbeck.so ] || continue
    if ! cc -std=c11 -Wall -Wextra -Werror "${sanitize[@]}" "$here/$name.c" -lsqlite3 \
        -o "$out/$name-asan"; then
        failed=$((failed + 1))
        continue
    fi
    take "$name with sanitizers" "$out/$name-asan" build/asan/limbeck.so
done

tell_counts
