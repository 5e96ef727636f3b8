# CALL migrate_apply ends at each stage of its way in each manner: a cancel, statement_timeout,
# pg_terminate_backend, kill -9 of the backend, an immediate stop of the server. After each, the ledger says
# the truth, no lock is left, and the next CALL goes on from there: nothing is done twice, nothing left out.
#
# A stage is a database. A prepared transaction holds a lock that the CALL runs into there; all stages of
# one manner run at the same time. Nothing here depends on how long anything takes.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use LimbeckTest;
use Test::More;

my $node = new_node('main');
$node->init;
$node->append_conf('postgresql.conf', "restart_after_crash = on\nmax_prepared_transactions = 40\nmax_connections = 60\n");
$node->start;
my $version = $node->safe_psql('postgres', 'SHOW server_version_num');
my $detach = $version >= 140000 ? 'ALTER TABLE parted DETACH PARTITION part CONCURRENTLY' : 'ALTER TABLE parted DETACH PARTITION part';

# The histories, at base, at 002 and at 004.
$node->safe_psql('postgres', 'CREATE DATABASE at_base');
$node->safe_psql('at_base', qq{
    CREATE EXTENSION limbeck;
    CREATE TABLE trace (id int GENERATED ALWAYS AS IDENTITY, what text);
    CREATE TABLE gate1 AS SELECT 1 AS x;
    CREATE TABLE gate2 AS SELECT 1 AS x;
    CREATE TABLE users AS SELECT i AS id, 'n' || i AS name FROM generate_series(1, 100) i;
    CREATE TABLE posts AS SELECT i AS id, 'n' || i AS name FROM generate_series(1, 100) i;
    CREATE INDEX ON posts (name);
    CREATE TABLE rebuilt (id int PRIMARY KEY, long text);
    CREATE TABLE dropped (id int);
    CREATE INDEX dropped_id ON dropped (id);
    CREATE TABLE parted (id int) PARTITION BY LIST (id);
    CREATE TABLE part PARTITION OF parted FOR VALUES IN (1);
    CREATE TABLE dirty (id int);
    SELECT migrate_revision('whole', 'INSERT INTO trace (what) VALUES (''1a''); INSERT INTO trace (what) SELECT ''1b'' FROM gate1', NULL, '001');
    SELECT migrate_revision('whole too', 'INSERT INTO trace (what) SELECT ''2a'' FROM gate2; INSERT INTO trace (what) VALUES (''2b'')', NULL, '002');
    SELECT migrate_revision('indexes', 'INSERT INTO trace (what) VALUES (''3a'');
CREATE INDEX CONCURRENTLY users_id ON users (id);
INSERT INTO trace (what) VALUES (''3c'');
CREATE INDEX CONCURRENTLY ON posts (name)', NULL, '003');
    SELECT migrate_revision('whole again', 'INSERT INTO trace (what) VALUES (''4'')', NULL, '004');
    SELECT migrate_revision('others', 'REINDEX TABLE CONCURRENTLY rebuilt;
DROP INDEX CONCURRENTLY dropped_id;
$detach;
VACUUM dirty;
BEGIN; INSERT INTO trace (what) VALUES (''5a''); INSERT INTO trace (what) SELECT ''5b'' FROM gate1; COMMIT;
INSERT INTO trace (what) VALUES (''5c'')', NULL, '005')});
for my $at ('002', '004') {
    $node->safe_psql('postgres', "CREATE DATABASE at_$at TEMPLATE at_" . ($at eq '002' ? 'base' : '002'));
    $node->safe_psql("at_$at", "SET client_min_messages = warning;\nCALL migrate_apply('$at')");
}
my $trace = q{SELECT string_agg(what, ' ' ORDER BY id) FROM trace};
my $status = q{SELECT current || ': ' || coalesce(stopped, 'nothing stopped') FROM migrate_status()};
my $invalid = q{SELECT count(*) FROM pg_index WHERE NOT indisvalid AND indrelid IN ('users'::regclass, 'posts'::regclass, 'rebuilt'::regclass)};
my %before = (base => '', '002' => '1a 1b 2a 2b', '004' => '1a 1b 2a 2b 3a 3c 4');
my $locks = q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())};
my $indexes = q{SELECT string_agg(indexrelid::regclass || CASE WHEN indisvalid THEN '' ELSE ' invalid' END, ' ' ORDER BY indexrelid::regclass::text) FROM pg_index WHERE indrelid IN ('users'::regclass, 'posts'::regclass, 'rebuilt'::regclass, 'dropped'::regclass)};
my $detached = q{SELECT count(*) FROM pg_inherits WHERE inhrelid = 'part'::regclass};
# From the end back to where a history begins.
sub again {
    my ($history) = @_;
    my $sql = "SET client_min_messages = warning;\nTRUNCATE trace RESTART IDENTITY;\nINSERT INTO trace (what) SELECT regexp_split_to_table('$before{$history}', ' ') WHERE '$before{$history}' <> '';\n"
        . "CREATE INDEX dropped_id ON dropped (id);\nALTER TABLE parted ATTACH PARTITION part FOR VALUES IN (1);\nSELECT migrate_stamp('$history');\n";
    $sql .= 'DROP INDEX users_id, posts_name_idx1' if $history ne '004';
    return $sql;
}

my $end = "005: nothing stopped\n1a 1b 2a 2b 3a 3c 4 5a 5b 5c\nposts_name_idx posts_name_idx1 rebuilt_pkey users_id\n0\n0";

# What the status says after an error that could be recorded, and after an end that could not.
sub stop { my ($current, $revision, $n, $m) = @_; return [ map { "$current: revision \"$revision\" (upgrade) stopped at statement $n of $m: $_" } 'ERROR', 'started, and its end was never recorded' ] }
sub whole { my ($current, $revision, $n, $m) = @_; return [ "$current: revision \"$revision\" (upgrade) stopped at statement $n of $m: ERROR", "$current: nothing stopped" ] }
sub unrecorded { my ($both) = @_; return [ $both->[1], $both->[1] ] }

my $log = 'LOCK TABLE migrate_log IN SHARE MODE';
# name, history, lock, what the CALL waits for, a second lock, what it waits for then, status, invalid indexes
my @stages = (
    [ 'in the middle of an ordinary body', 'base', 'LOCK TABLE gate1', 'gate1', undef, undef, whole('base', '001', 2, 2), '', 0 ],
    [ 'between two ordinary revisions', 'base', 'LOCK TABLE gate2', 'gate2', undef, undef, whole('001', '002', 1, 2), '1a 1b', 0 ],
    [ 'at the version row', 'base', 'LOCK TABLE migrate_version IN SHARE MODE', 'migrate_version', undef, undef, whole('base', '001', 2, 2), '', 0 ],
    [ 'at the log row behind it', 'base', $log, 'migrate_log', undef, undef, unrecorded(whole('base', '001', 2, 2)), '', 0 ],
    [ 'before a marked revision', '002', $log, 'migrate_log', undef, undef, unrecorded(whole('002', '003', 1, 4)), '1a 1b 2a 2b', 0 ],
    [ 'between start record and statement', '002', 'LOCK TABLE users', 'users', undef, undef, stop('002', '003', 2, 4), '1a 1b 2a 2b 3a', 0 ],
    [ 'in CREATE INDEX CONCURRENTLY', '002', 'LOCK TABLE users IN ROW EXCLUSIVE MODE', 'transaction', undef, undef, stop('002', '003', 2, 4), '1a 1b 2a 2b 3a', 1 ],
    [ 'behind CREATE INDEX CONCURRENTLY', '002', 'LOCK TABLE users IN ROW EXCLUSIVE MODE', 'transaction', $log, 'migrate_log', unrecorded(stop('002', '003', 2, 4)), '1a 1b 2a 2b 3a', 1 ],
    [ 'in one without a name', '002', 'LOCK TABLE posts IN ROW EXCLUSIVE MODE', 'transaction', undef, undef, stop('002', '003', 4, 4), '1a 1b 2a 2b 3a 3c', 1 ],
    [ 'behind one without a name', '002', 'LOCK TABLE posts IN ROW EXCLUSIVE MODE', 'transaction', $log, 'migrate_log', unrecorded(stop('002', '003', 4, 4)), '1a 1b 2a 2b 3a 3c', 1 ],
    [ 'at the version row of a marked one', '002', 'LOCK TABLE migrate_version IN SHARE MODE', 'migrate_version', undef, undef, stop('002', '003', 4, 4), '1a 1b 2a 2b 3a 3c', 1 ],
    [ 'in REINDEX CONCURRENTLY', '004', 'LOCK TABLE rebuilt IN ROW EXCLUSIVE MODE', 'transaction', undef, undef, stop('004', '005', 1, 9), '1a 1b 2a 2b 3a 3c 4', 1 ],
    [ 'behind REINDEX CONCURRENTLY', '004', 'LOCK TABLE rebuilt IN ROW EXCLUSIVE MODE', 'transaction', $log, 'migrate_log', unrecorded(stop('004', '005', 1, 9)), '1a 1b 2a 2b 3a 3c 4', 0 ],
    [ 'in DROP INDEX CONCURRENTLY', '004', 'LOCK TABLE dropped IN ROW EXCLUSIVE MODE', 'transaction', undef, undef, stop('004', '005', 2, 9), '1a 1b 2a 2b 3a 3c 4', 0 ],
    [ 'behind DROP INDEX CONCURRENTLY', '004', 'LOCK TABLE dropped IN ROW EXCLUSIVE MODE', 'transaction', $log, 'migrate_log', unrecorded(stop('004', '005', 2, 9)), '1a 1b 2a 2b 3a 3c 4', 0 ],
    ($version < 140000 ? () : (
    [ 'in DETACH CONCURRENTLY', '004', 'LOCK TABLE parted IN ACCESS SHARE MODE', 'transaction', undef, undef, stop('004', '005', 3, 9), '1a 1b 2a 2b 3a 3c 4', 0 ],
    [ 'behind DETACH CONCURRENTLY', '004', 'LOCK TABLE parted IN ACCESS SHARE MODE', 'transaction', $log, 'migrate_log', unrecorded(stop('004', '005', 3, 9)), '1a 1b 2a 2b 3a 3c 4', 0 ])),
    [ 'before VACUUM', '004', 'LOCK TABLE dirty', 'dirty', undef, undef, stop('004', '005', 4, 9), '1a 1b 2a 2b 3a 3c 4', 0 ],
    [ 'between BEGIN and COMMIT', '004', 'LOCK TABLE gate1', 'gate1', undef, undef, [ stop('004', '005', 7, 9)->[0], stop('004', '005', 5, 9)->[1] ], '1a 1b 2a 2b 3a 3c 4', 0 ],
);

# name, settings of the session, how it ends, the words of the error (undef: the session is gone)
my @ends = (
    [ 'a cancel', '', sub { signal_all('pg_cancel_backend') }, 'canceling statement due to user request' ],
    [ 'statement_timeout', "SET statement_timeout = '4s';\n", sub { }, 'canceling statement due to statement timeout' ],
    [ 'pg_terminate_backend', '', sub { signal_all('pg_terminate_backend') }, undef ],
    [ 'kill -9', '', sub { kill_backend($node->safe_psql('postgres', q{SELECT min(pid) FROM pg_stat_activity WHERE datname LIKE 'stage%'})) }, undef ],
    [ 'an immediate stop', '', sub { $node->stop('immediate'); $node->start }, undef ],
);

sub signal_all { $node->safe_psql('postgres', "SELECT $_[0](pid) FROM pg_stat_activity WHERE datname LIKE 'stage%'") }

# Waits until the CALL waits for a relation, or for another transaction's end. False: the CALL is over.
sub reached {
    my ($n, $run, $wanted) = @_;
    my $condition = $wanted eq 'transaction' ? q{locktype IN ('transactionid', 'virtualxid')} : "relation = '$wanted'::regclass";
    for (1 .. 1800) {
        return 1 if $node->safe_psql("stage$n", "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE datname = current_database() AND NOT granted AND $condition)") eq 't';
        $run->pump_nb;
        return 0 unless $run->pumpable;
        select(undef, undef, undef, 0.05);
    }
    return 0;
}

# By files: copied by WAL, a sequence forgets in a crash how far it has come (PostgreSQL 15).
my $by_files = $version >= 150000 ? 'STRATEGY file_copy' : '';
$node->safe_psql('postgres', "CREATE DATABASE stage$_ TEMPLATE at_$stages[$_][1] $by_files") for 0 .. $#stages;

for my $way (@ends) {
    my ($manner, $settings, $do, $words) = @$way;
    my (@runs, @err, @there);
    for my $n (0 .. $#stages) {
        my $lock = $stages[$n][2];
        $node->safe_psql("stage$n", "BEGIN; $lock; PREPARE TRANSACTION 'first$n'");
        my $out = '';
        $err[$n] = '';
        $runs[$n] = background($node, "stage$n", $settings . "CALL migrate_apply();\n", \$out, \$err[$n]);
    }
    for my $n (0 .. $#stages) {
        my (undef, undef, undef, $waits, $second, $waits_then) = @{ $stages[$n] };
        $there[$n] = reached($n, $runs[$n], $waits);
        next unless $second;
        $node->safe_psql("stage$n", "BEGIN;\n$second;\nPREPARE TRANSACTION 'second$n';\nROLLBACK PREPARED 'first$n'");
        $there[$n] = reached($n, $runs[$n], $waits_then) && $there[$n];
    }
    $do->();
    $_->finish for @runs;
    $node->poll_query_until('postgres', 'SELECT true');
    for my $n (0 .. $#stages) {
        my ($name, $history, undef, undef, $second, undef, $told, $ran, $left) = @{ $stages[$n] };
        # what there is; the lock goes; the next CALL; what there is then; back to where it began
        my ($rc, $out, $err) = $node->psql("stage$n", join ";\n", $status, $trace, $invalid, $locks, q{SELECT 'then'},
            'ROLLBACK PREPARED ' . ($second ? "'second$n'" : "'first$n'"), 'SET client_min_messages = warning', 'CALL migrate_apply()',
            $status, $trace, $indexes, $detached, $locks, again($history));
        my ($before, $after) = split /\nthen\n/, $out;
        # a machine so slow that the time was up before: what follows must be right all the same
        if ($there[$n] || $manner ne 'statement_timeout') {
            ok($there[$n], "$manner $name: the CALL came so far");
            my $wanted = $told->[ defined $words ? 0 : 1 ];
            $wanted =~ s/ERROR/$words/ if defined $words;
            is($before, "$wanted\n$ran\n$left\n0", "$manner $name: the ledger says the truth, and no lock is left");
            like($err[$n], qr/$words/, "$manner $name: the caller is told") if defined $words;
        }
        is("$after$err", "$end\nstamped 005 -> $history", "$manner $name: the next CALL goes on and arrives, nothing is done twice");
    }
}
$node->stop;
done_testing();
