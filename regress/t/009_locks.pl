# What stands in the way of a run: short waits for locks, tried again, in the function and in the procedure;
# who waits for whom; a second CALL; somebody else's CREATE INDEX CONCURRENTLY; what migrate_watch() tells of all that.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use LimbeckTest;
use Test::More;

my $node = new_node('main');
$node->init;
$node->append_conf('postgresql.conf', "max_prepared_transactions = 10\n");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE app');
$node->safe_psql('app', q{
    CREATE EXTENSION limbeck;
    CREATE TABLE trace (id int GENERATED ALWAYS AS IDENTITY, what text);
    CREATE TABLE users AS SELECT i AS id FROM generate_series(1, 10) i;
    CREATE TABLE gate (id int);
    SELECT migrate_revision('first', 'INSERT INTO trace (what) VALUES (''1'')', 'INSERT INTO trace (what) VALUES (''-1'')', '001');
    SELECT migrate_revision('second', 'INSERT INTO trace (what) VALUES (''2''); ALTER TABLE users ADD COLUMN more int', 'ALTER TABLE users DROP COLUMN more', '002')});

my $locks = q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'};
my $trace = q{SELECT string_agg(what, ' ' ORDER BY id) FROM trace};
my $stopped = q{SELECT current || ': ' || coalesce(stopped, 'nothing stopped') FROM migrate_status()};

# A transaction without a session that holds a lock.
sub hold { my ($name, $lock) = @_; $node->safe_psql('app', "BEGIN; $lock; PREPARE TRANSACTION '$name'") }
sub let_go { my ($name) = @_; $node->safe_psql('app', "ROLLBACK PREPARED '$name'") }

# A session that runs SQL, and where it stands.
my @sessions;
sub start {
    my ($sql) = @_;
    my $session = { out => '', err => '' };
    $session->{run} = background($node, 'app', "SELECT pg_backend_pid();\n$sql", \$session->{out}, \$session->{err});
    $session->{run}->pump until $session->{out} =~ /^(\d+)\n/;
    ($session->{pid}) = $session->{out} =~ /^(\d+)\n/;
    return $session;
}
sub waits { my ($session, $what) = @_; return wait_for_row($node, 'app', "SELECT 1 FROM pg_locks WHERE pid = $session->{pid} AND NOT granted" . ($what ? " AND $what" : '')) }
sub finish { my ($session) = @_; $session->{run}->finish; return $session->{err} }
sub reset_history { $node->safe_psql('app', "SET client_min_messages = warning;\nCALL migrate_apply('base');\nTRUNCATE trace RESTART IDENTITY;\nDELETE FROM migrate_log") }

# A try that gets no lock is undone whole, and done again whole; what the caller did, and the revision
# before, stay. The notices tell each try, who is in the way, and how long the pause is.
for my $call ('SELECT migrate_upgrade()', 'CALL migrate_apply()') {
    my $function = $call =~ /SELECT/;
    hold('reader', 'LOCK TABLE users IN ACCESS SHARE MODE');
    my $session = start("SET limbeck.lock_timeout = '20ms';\n" . ($function ? "BEGIN;\nINSERT INTO trace (what) VALUES ('caller');\n" : '') . "$call;\n" . ($function ? "COMMIT;\n" : ''));
    $session->{run}->pump until $session->{err} =~ /try 4 of 11 follows/;
    ok(wait_for_row($node, 'app', q{SELECT 1 FROM migrate_watch() WHERE revision = 2 AND revisions = 2 AND statement IS NULL AND doing ~ '^Running upgrade 001 -> 002, second, pause before try \d+ of 11$'}),
        "$call: migrate_watch() tells of the pause");
    let_go('reader');
    my $err = finish($session);
    like($err, qr/NOTICE:  revision "002" got no lock within 20 ms, try 2 of 11 follows in 100 ms\nDETAIL:  A prepared transaction holds AccessShareLock on relation "users"\.\n.*try 3 of 11 follows in 200 ms\n.*try 4 of 11 follows in 400 ms\n/s, "$call: each try is told");
    is($node->safe_psql('app', $trace), ($function ? 'caller ' : '') . '1 2', "$call: what failed is undone, all is done once");
    is($node->safe_psql('app', $stopped), '002: nothing stopped', "$call: it arrives");
    is($node->safe_psql('app', $locks), '0', "$call: no lock is left");
    reset_history();
}

# When the tries end, the error names all who are in the way: those who hold the lock, and else those who
# wait for it in front; a row's lock as well. The procedure says later where it stopped.
for my $call ('SELECT migrate_upgrade()', 'CALL migrate_apply()') {
    my $function = $call =~ /SELECT/;
    my $short = "SET limbeck.lock_timeout = '20ms';\nSET limbeck.lock_retries = 0;\n";
    my $one = start("BEGIN; SELECT count(*) FROM users; SELECT pg_sleep(1000)");
    my $two = start("BEGIN; LOCK TABLE users IN ROW SHARE MODE; SELECT pg_sleep(1001)");
    wait_for_row($node, 'app', qq{SELECT 1 FROM pg_stat_activity WHERE pid = $_->{pid} AND wait_event = 'PgSleep'}) for $one, $two;
    my ($status, $out, $err) = $node->psql('app', $short . $call);
    like($err, qr/ERROR:  canceling statement due to lock timeout\n/, "$call: the error is the server's");
    for my $session ([ $one, 'AccessShareLock', 'SELECT count\(\*\) FROM users; SELECT pg_sleep\(1000\)' ], [ $two, 'RowShareLock', 'LOCK TABLE users IN ROW SHARE MODE; SELECT pg_sleep\(1001\)' ]) {
        my ($who, $mode, $query) = @$session;
        like($err, qr/^(DETAIL:  )?Process $who->{pid} holds $mode on relation "users": BEGIN; $query$/m, "$call: a holder of $mode is named");
    }
    like($err, qr/CONTEXT:  revision "002" \(upgrade\), statement 2 of 2, line 1, column 40/, "$call: and the statement");
    unlike($err, qr/try \d of/, "$call: no retries, no notice");
    is($node->safe_psql('app', $stopped), $function ? 'base: nothing stopped' : '001: revision "002" (upgrade) stopped at statement 2 of 2: canceling statement due to lock timeout', "$call: what the status says");
    $node->safe_psql('app', "SELECT pg_terminate_backend($two->{pid})");
    finish($two);

    # in front of us: a session that waits for a strong lock, itself behind a reader
    $node->safe_psql('app', q{SELECT migrate_edit('002', 'INSERT INTO trace (what) VALUES (''2''); INSERT INTO users VALUES (11)', 'DELETE FROM users WHERE id = 11')});
    my $strong = start('BEGIN; LOCK TABLE users');
    waits($strong);
    ($status, $out, $err) = $node->psql('app', $short . $call);
    like($err, qr/DETAIL:  Process $strong->{pid} waits for AccessExclusiveLock on relation "users": BEGIN; LOCK TABLE users$/m, "$call: who waits in front is named");
    $node->safe_psql('app', "SELECT pg_terminate_backend($_->{pid})") for $one, $strong;
    finish($_) for $one, $strong;

    # a row
    $node->safe_psql('app', q{SELECT migrate_edit('002', 'UPDATE users SET id = 12 WHERE id = 1', 'UPDATE users SET id = 1 WHERE id = 12')});
    my $row = start('BEGIN; UPDATE users SET id = 1 WHERE id = 1; SELECT pg_sleep(1000)');
    wait_for_row($node, 'app', qq{SELECT 1 FROM pg_stat_activity WHERE pid = $row->{pid} AND wait_event = 'PgSleep'});
    ($status, $out, $err) = $node->psql('app', $short . $call);
    like($err, qr/DETAIL:  Process $row->{pid} holds ExclusiveLock on transaction \d+: BEGIN; UPDATE users/, "$call: the holder of a row is named");
    $node->safe_psql('app', "SELECT pg_terminate_backend($row->{pid})");
    finish($row);
    $node->safe_psql('app', "SELECT migrate_edit('002', 'INSERT INTO trace (what) VALUES (''2''); ALTER TABLE users ADD COLUMN more int', 'ALTER TABLE users DROP COLUMN more')");
    reset_history();
}

# Statement by statement: an ordinary statement, and what stands between BEGIN and COMMIT, are tried again
# alone.
$node->safe_psql('app', q{SELECT migrate_edit('002', 'INSERT INTO trace (what) VALUES (''a''); CREATE INDEX CONCURRENTLY users_id ON users (id);
BEGIN; INSERT INTO trace (what) VALUES (''b''); LOCK TABLE gate; COMMIT; INSERT INTO trace (what) VALUES (''c'')', 'DROP INDEX CONCURRENTLY users_id')});
hold('reader', 'LOCK TABLE gate IN ACCESS SHARE MODE');
my $session = start("SET limbeck.lock_timeout = '20ms';\nCALL migrate_apply();\n");
$session->{run}->pump until $session->{err} =~ /try 3 of 11 follows/;
let_go('reader');
unlike(finish($session), qr/ERROR/, 'a transaction of a marked body is tried again');
is($node->safe_psql('app', $trace), '1 a b c', 'and done once');
is($node->safe_psql('app', q{SELECT string_agg(statement || ' ' || outcome, ', ' ORDER BY id) FROM migrate_log WHERE revision = '002' AND action = 'upgrade'}) =~ s/(3 started, )+/3 started, .../r,
    '1 started, 1 done, 2 started, 2 done, 3 started, ...6 done, 7 started, 7 done, 7 done', 'the log tells the starts');
reset_history();

# What keeps everybody out waits shortly, though it commits on its way; what works CONCURRENTLY and VACUUM wait as
# long as it takes. The session's own lock_timeout is what it was, unless the body sets it, for its own time.
hold('reader', 'LOCK TABLE gate IN ACCESS SHARE MODE');
$node->safe_psql('app', q{SELECT migrate_edit('002', 'VACUUM FULL gate; SET lock_timeout = ''7s''; INSERT INTO trace (what) VALUES (current_setting(''lock_timeout''))', '')});
$session = start("SET lock_timeout = '1h';\nSET limbeck.lock_timeout = '20ms';\nCALL migrate_apply();\nINSERT INTO trace (what) VALUES (current_setting('lock_timeout'));\n");
$session->{run}->pump until $session->{err} =~ /try 3 of 11 follows/;
let_go('reader');
unlike(finish($session), qr/ERROR/, 'VACUUM FULL is tried again');
is($node->safe_psql('app', $trace), '1 20ms 1h', 'lock_timeout in the body and behind it');
reset_history();
hold('writer', 'LOCK TABLE users IN ROW EXCLUSIVE MODE');
$node->safe_psql('app', q{SELECT migrate_edit('002', 'VACUUM gate; CREATE INDEX CONCURRENTLY users_id ON users (id)', 'DROP INDEX CONCURRENTLY users_id')});
$session = start("SET limbeck.lock_timeout = '1ms';\nCALL migrate_apply()");
waits($session, q{locktype IN ('transactionid', 'virtualxid')});
select(undef, undef, undef, 0.2);
let_go('writer');
unlike(finish($session), qr/ERROR|try/, 'CREATE INDEX CONCURRENTLY waits long');
reset_history();

# A cancel in the pause ends the run, and is told.
for my $call ('SELECT migrate_upgrade()', 'CALL migrate_apply()') {
    my $function = $call =~ /SELECT/;
    $node->safe_psql('app', $function ? q{SELECT migrate_edit('002', 'LOCK TABLE gate', '')} : q{SELECT migrate_edit('002', 'VACUUM users; ALTER TABLE gate ALTER id SET DEFAULT 1', '')});
    for my $marked ($function ? 0 : (1, 0)) {
        $node->safe_psql('app', q{SELECT migrate_edit('002', 'SELECT 1; LOCK TABLE gate', '')}) unless $marked;
        hold('reader', 'LOCK TABLE gate IN ACCESS SHARE MODE');
        $session = start("SET limbeck.lock_timeout = '20ms';\n$call;\n");
        $session->{run}->pump until $session->{err} =~ /try 5 of 11 follows in 800 ms/;
        $node->safe_psql('app', "SELECT pg_cancel_backend($session->{pid})");
        like(finish($session), qr/ERROR:  canceling statement due to user request/, "$call: a cancel ends the pause");
        is($node->safe_psql('app', $stopped), $function ? 'base: nothing stopped' : '001: revision "002" (upgrade) stopped at statement 2 of 2: canceling statement due to user request', "$call: and the status says so");
        is($node->safe_psql('app', $locks), '0', "$call: no lock is left");
        let_go('reader');
        $node->safe_psql('app', "SET client_min_messages = warning;\nCALL migrate_apply()");
        reset_history();
    }
}

# limbeck.body_timeout counts each body, and its time ends with the body, whatever the body sets.
$node->safe_psql('app', q{SELECT migrate_edit('002', 'SELECT pg_sleep(1000)', '')});
for my $call ('SELECT migrate_upgrade()', 'CALL migrate_apply()') {
    my ($status, $out, $err) = $node->psql('app', "SET limbeck.body_timeout = '200ms';\n$call");
    like($err, qr/ERROR:  canceling the body after limbeck\.body_timeout \(200 ms\)\n.*CONTEXT:  revision "002" \(upgrade\), statement 1 of 1/s, "$call: limbeck.body_timeout");
}
$node->safe_psql('app', q{SELECT migrate_edit('002', 'SET limbeck.body_timeout = 0; SET limbeck.lock_timeout = 0', '')});
is($node->safe_psql('app', "SET limbeck.body_timeout = '2s';\nSELECT migrate_upgrade();\nSELECT pg_sleep(2.2);\nSHOW limbeck.body_timeout"), "upgraded 001 -> 002 (1 revision)\n\n2s", 'a body that sets it does not leave it running');
reset_history();

# A second CALL waits without a snapshot, no longer than lock_timeout, and lets go when it is cancelled.
$node->safe_psql('app', q{SELECT migrate_edit('002', 'CREATE INDEX CONCURRENTLY users_id ON users (id)', 'DROP INDEX CONCURRENTLY users_id')});
hold('writer', 'LOCK TABLE users IN ROW EXCLUSIVE MODE');
my $first = start('CALL migrate_apply()');
waits($first, q{locktype IN ('transactionid', 'virtualxid')});
my ($status, $out, $err) = $node->psql('app', "SET lock_timeout = '20ms';\nCALL migrate_apply()");
like($err, qr/ERROR:  another migration is running\nDETAIL:  Process $first->{pid} holds the lock of this ledger\.\nHINT:  Try again when it is done, or give it more time with lock_timeout\./, 'a second CALL waits as long as lock_timeout says');
my $second = start('CALL migrate_apply()');
waits($second, q{locktype = 'advisory'});
is($node->safe_psql('app', "SELECT count(backend_xmin) FROM pg_stat_activity WHERE pid = $second->{pid}"), '0', 'a second CALL waits without a snapshot');
is($node->safe_psql('app', "SELECT pid, waiting_for FROM migrate_watch()"), "$first->{pid}|a prepared transaction", 'migrate_watch() tells of the first');
for my $end ('cancel', 'terminate') {
    my $third = start('CALL migrate_apply()');
    waits($third, q{locktype = 'advisory'});
    $node->safe_psql('app', "SELECT pg_${end}_backend($third->{pid})");
    like(finish($third), qr/(canceling statement due to user request|terminating connection)/, "$end of one that waits");
}
($status, $out, $err) = $node->psql('app', q{SELECT migrate_resolve('002', 'applied')});
like($err, qr/ERROR:  migrate_apply is running\nDETAIL:  Process $first->{pid} holds the lock/, 'nobody resolves what runs');
$node->safe_psql('app', 'CREATE ROLE onlooker LOGIN');
like(as_role($node, 'app', 'onlooker', 'SELECT * FROM migrate_watch()'), qr/permission denied for function migrate_watch/, 'migrate_watch() is granted to nobody');
$node->safe_psql('app', 'GRANT EXECUTE ON FUNCTION migrate_watch() TO onlooker');
is(as_role($node, 'app', 'onlooker', 'SELECT pid, doing FROM migrate_watch()'), "$first->{pid}|<insufficient privilege>", 'and shows what the server shows');
is($node->safe_psql('app', 'GRANT pg_read_all_stats TO onlooker') . as_role($node, 'app', 'onlooker', 'SELECT pid, revision, revisions, doing FROM migrate_watch()'), "$first->{pid}|2|2|Running upgrade 001 -> 002, second: CREATE INDEX CONCURRENTLY users_id ON users (id)", 'with pg_read_all_stats all of it');
let_go('writer');
like(finish($first), qr/upgraded base -> 002/, 'the first goes on');
like(finish($second), qr/already at 002/, 'the second finds it done');
is($node->safe_psql('app', $locks), '0', 'no lock is left');
reset_history();

# A body that lets go of the lock of its run.
hold('writer', 'LOCK TABLE gate');
$node->safe_psql('app', q{SELECT migrate_edit('002', 'SELECT pg_advisory_unlock_all(); LOCK TABLE gate', '')});
$node->safe_psql('app', "SET client_min_messages = warning;\nCALL migrate_apply('001')");
$first = start('CALL migrate_apply()');
waits($first);
$second = start("BEGIN; SELECT migrate_stamp('001'); SELECT pg_sleep(1000)");
wait_for_row($node, 'app', "SELECT 1 FROM pg_stat_activity WHERE pid = $second->{pid} AND wait_event = 'PgSleep'");
let_go('writer');
like(finish($first), qr/ERROR:  the body let go of the lock of this ledger, and another migration is running\nDETAIL:  Process $second->{pid} holds the lock of this ledger\.\nHINT:  Take DISCARD ALL and pg_advisory_unlock_all\(\) out of the body\.\nCONTEXT:  revision "002" \(upgrade\), after statement 2 of 2/, 'a body that lets go of the lock while another run comes in');
$node->safe_psql('app', "SELECT pg_terminate_backend($second->{pid})");
finish($second);
is($node->safe_psql('app', $stopped), '001: revision "002" (upgrade) stopped at statement 2 of 2: the body let go of the lock of this ledger, and another migration is running', 'is undone');
$node->safe_psql('app', "SET client_min_messages = warning;\nCALL migrate_apply()");
is($node->safe_psql('app', $stopped), '002: nothing stopped', 'alone it arrives');
is($node->safe_psql('app', $locks), '0', 'no lock is left');
reset_history();

# Somebody else builds an index CONCURRENTLY on the same table while a run goes on after a failure: they
# don't wait for each other.
$node->safe_psql('app', q{INSERT INTO users VALUES (1); SELECT migrate_edit('002', 'CREATE UNIQUE INDEX CONCURRENTLY users_id ON users (id)', 'DROP INDEX CONCURRENTLY users_id')});
($status, $out, $err) = $node->psql('app', 'CALL migrate_apply()');
like($err, qr/could not create unique index "users_id"/, 'a run that fails');
$node->safe_psql('app', q{DELETE FROM users WHERE ctid = (SELECT max(ctid) FROM users WHERE id = 1)});
hold('writer', 'LOCK TABLE users IN ROW EXCLUSIVE MODE');
my $other = start('CREATE INDEX CONCURRENTLY other ON users (id)');
waits($other, q{locktype IN ('transactionid', 'virtualxid')});
$first = start('CALL migrate_apply()');
waits($first, "relation = 'users'::regclass");
is($node->safe_psql('app', "SELECT count(backend_xmin) FROM pg_stat_activity WHERE pid = $first->{pid}"), '0', 'it waits without a snapshot');
let_go('writer');
is(finish($other), '', 'the other index is built');
like(finish($first), qr/dropping invalid index public\.users_id, which an earlier try left behind.*upgraded 001 -> 002/s, 'and then ours');
is($node->safe_psql('app', q{SELECT string_agg(indexrelid::regclass || ' ' || indisvalid, ', ' ORDER BY indexrelid::regclass::text) FROM pg_index WHERE indrelid = 'users'::regclass}), 'other true, users_id true', 'both are valid');
$node->stop;
done_testing();
