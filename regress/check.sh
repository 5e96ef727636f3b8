#!/bin/bash
# make check: builds everything, then runs every part and adds up what the parts say.
#
# A part is a make target check-NAME whose output ends with a line "N passed, N failed". A part that
# prints no such line, or that fails without counting a failure, counts as one failure. The parts run in
# two lanes beside each other, for two processors; nothing that one lane builds is used by the other.
set -u
cd "$(dirname "$0")/.." || exit 1
. regress/counts.sh

# The short ones first, so that a broken build is known at once.
lanes=("unit scripts shell docs drivers amalgamation static differential fuzz offline formats pg" "asan sqlite alter")

logs=build/log
mkdir -p "$logs"
rm -f "$logs"/*.counts

say() { printf '%s  %s\n' "$(date +%H:%M:%S)" "$*"; }

# Leaves "passed failed" in the part's .counts.
judge() { # name status
    local name=$1 log=$logs/$1.log
    take_counts "$(cat "$log")" "$2"
    echo "$p $f" >"$logs/$name.counts"
    if [ "$f" -ne 0 ]; then
        echo "---- end of $log"
        tail -n 60 "$log"
        echo "----"
    fi
    say "$name: $p passed, $f failed (exit status $2, ${SECONDS} s since the start)"
}

lane() { # names...
    local name
    for name in "$@"; do
        say "$name ..."
        make --no-print-directory -s "check-$name" >"$logs/$name.log" 2>&1
        judge "$name" $?
    done
}

say "building the SQLite library and the PostgreSQL module, warnings as errors"
make --no-print-directory -s -j2 all >"$logs/build.log" 2>&1
status=$?
[ "$status" -eq 0 ] && echo "1 passed, 0 failed" >>"$logs/build.log"
judge build "$status"

for names in "${lanes[@]}"; do
    # shellcheck disable=SC2086
    lane $names &
done
wait

passed=0 failed=0 broken= # the lanes are processes of their own
# shellcheck disable=SC2048
for name in build ${lanes[*]}; do
    read -r p f 2>/dev/null <"$logs/$name.counts" || { p=0 f=1; }
    passed=$((passed + p)) failed=$((failed + f))
    [ "$f" -eq 0 ] || broken="$broken $name"
done
[ -z "$broken" ] || say "failed:$broken (whole output in $logs/)"
tell_counts
