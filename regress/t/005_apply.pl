# CALL migrate_apply among others: a SELECT at the same time, somebody's long transaction, a cancel, a
# timeout, pg_terminate_backend, kill -9 and an immediate stop in the middle of CREATE INDEX CONCURRENTLY,
# and what migrate_watch() tells meanwhile.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use LimbeckTest;
use Test::More;

my $node = new_node('main');
$node->init;
$node->append_conf('postgresql.conf', "restart_after_crash = on\nmax_prepared_transactions = 2\n");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE app');
$node->safe_psql('app', q{
    CREATE EXTENSION limbeck;
    SELECT migrate_revision('users', 'CREATE TABLE users AS SELECT generate_series(1, 1000) AS id', 'DROP TABLE users', '001');
    SELECT migrate_revision('index', 'INSERT INTO users VALUES (0); CREATE INDEX CONCURRENTLY users_id ON users (id); INSERT INTO users VALUES (-1)', 'DELETE FROM users WHERE id < 1; DROP INDEX CONCURRENTLY IF EXISTS users_id', '002')});
$node->safe_psql('app', q{CALL migrate_apply('001')});

my $index = q{SELECT string_agg(i.indexrelid::regclass || ' ' || i.indisvalid, ', ') FROM pg_index i WHERE indrelid = 'users'::regclass};
my $inserted = q{SELECT count(*) FROM users WHERE id < 1};

# Somebody's transaction that has read the table: CREATE INDEX CONCURRENTLY waits for its end.
sub hold {
    my ($sql) = @_;
    my ($out, $err) = ('', '');
    my $harness = background($node, 'app', "BEGIN ISOLATION LEVEL REPEATABLE READ; $sql; SELECT pg_sleep(1000);\n", \$out, \$err);
    wait_for_row($node, 'postgres', q{SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
    my $pid = $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
    return ($harness, $pid);
}

sub let_go {
    my ($harness, $pid) = @_;
    $node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
    $harness->finish;
}

# A CALL that stands in the middle of CREATE INDEX CONCURRENTLY.
sub start_apply {
    my ($settings, $err) = @_;
    my $out = '';
    my $run = background($node, 'app', $settings . "CALL migrate_apply();\n", \$out, $err);
    wait_for_row($node, 'app', q{SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('users_id')});
    return $run;
}

sub stopped_is {
    my ($pattern, $what) = @_;
    like($node->safe_psql('app', 'SELECT stopped FROM migrate_status()'), $pattern, "$what: the status says so");
    is($node->safe_psql('app', 'SELECT current FROM migrate_status()'), '001', "$what: the version stays");
    is($node->safe_psql('app', $index), 'users_id false', "$what: an invalid index is left");
    is($node->safe_psql('app', q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), '0', "$what: no lock is left");
}

# Goes on, and then back to where it started.
sub resume_is_right {
    my ($what) = @_;
    my ($status, $out, $err) = $node->psql('app', 'CALL migrate_apply()');
    like($err, qr/going on with statement 2 of 3.*dropping invalid index public\.users_id/s, "$what: the next CALL names and drops it");
    is($node->safe_psql('app', $index), 'users_id true', "$what: and makes it");
    is($node->safe_psql('app', $inserted), '2', "$what: each statement took effect once");
    is($node->safe_psql('app', 'SELECT current FROM migrate_status()'), '002', "$what: and arrives");
    $node->safe_psql('app', q{CALL migrate_apply('001')});
}

# While it waits: what others see, and what they can do.
my $err = '';
my ($holder, $holder_pid) = hold('SELECT count(*) FROM users');
my $run = start_apply('', \$err);
my $pid = pid_of($node, '002');
is($node->safe_psql('app', q{SELECT pid, actor IS NOT NULL, revision, revisions, statement, statements, doing LIKE 'Running upgrade 001 -> 002, index: CREATE INDEX CONCURRENTLY%', since <= now() FROM migrate_watch()}),
    "$pid|t|1|1|2|3|t|t", 'migrate_watch() tells revision and statement');
like($node->safe_psql('app', 'SELECT waiting_for FROM migrate_watch()'), qr/^process $holder_pid: /, 'and for whom it waits');
is($node->safe_psql('app', q{SELECT count(backend_xmin) FROM pg_stat_activity WHERE pid = } . $pid), '0', 'it holds no snapshot while it waits for others');
my ($status, $out, $stderr) = $node->psql('app', 'SELECT migrate_upgrade()');
like($stderr, qr/migrate_apply is running\nDETAIL:  Process $pid holds the lock/, 'a SELECT fails at once and names the process');
my $second_err = '';
my $second_out = '';
my $second = background($node, 'app', "CALL migrate_apply();\n", \$second_out, \$second_err);
wait_for_row($node, 'postgres', q{SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted});
let_go($holder, $holder_pid);
$run->finish;
$second->finish;
is($node->safe_psql('app', $index), 'users_id true', 'two CALLs and a CONCURRENTLY don\'t stop each other');
like($second_err, qr/already at 002/, 'the second finds it done');
$node->safe_psql('app', q{CALL migrate_apply('001')});

# It ends in the middle, in each way.
for my $case (
    [ 'a cancel', '', sub { $node->safe_psql('postgres', 'SELECT pg_cancel_backend(' . pid_of($node, '002') . ')') }, qr/stopped at statement 2 of 3: canceling statement due to user request/ ],
    [ 'statement_timeout', "SET statement_timeout = '3s';\n", sub { }, qr/stopped at statement 2 of 3: canceling statement due to statement timeout/ ],
    [ 'limbeck.body_timeout', "SET limbeck.body_timeout = '700ms';\n", sub { }, qr/stopped at statement 2 of 3: canceling the body after limbeck\.body_timeout/ ],
    [ 'pg_terminate_backend', '', sub { $node->safe_psql('postgres', 'SELECT pg_terminate_backend(' . pid_of($node, '002') . ')') }, qr/stopped at statement 2 of 3: started, and its end was never recorded/ ],
    [ 'kill -9', '', sub { kill_backend(pid_of($node, '002')) }, qr/stopped at statement 2 of 3: started/ ],
    [ 'an immediate stop', '', sub { $node->stop('immediate'); $node->start }, qr/stopped at statement 2 of 3: started/ ],
    )
{
    my ($what, $settings, $end, $pattern) = @$case;
    $err = '';
    ($holder, $holder_pid) = hold('SELECT count(*) FROM users');
    $run = start_apply($settings, \$err);
    $end->();
    $run->finish;
    $node->poll_query_until('postgres', 'SELECT true');
    if ($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE pid = $holder_pid")) { let_go($holder, $holder_pid) }
    else { $holder->finish }
    stopped_is($pattern, $what);
    resume_is_right($what);
}

# Between two statements, and in an ordinary one.
$node->safe_psql('app', q{SELECT migrate_edit('002', 'CREATE TABLE made (id int); VACUUM made; SELECT pg_sleep(1000); DROP TABLE made', '')});
$err = '';
$run = background($node, 'app', "CALL migrate_apply();\n", \$out, \$err);
wait_for_row($node, 'postgres', q{SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
$node->stop('immediate');
$run->finish;
$node->start;
like($node->safe_psql('app', 'SELECT stopped FROM migrate_status()'), qr/stopped at statement 3 of 4: started/, 'a crash in an ordinary statement');
is($node->safe_psql('app', q{SELECT to_regclass('made')}), 'made', 'what was done before it stays');
is($node->safe_psql('app', q{DROP TABLE made; SELECT migrate_resolve('002', 'not applied')}), 'resolved 002 as not applied, at 001', 'a DBA\'s word');

# limbeck.lock_timeout: the error of the last try names who is in the way, in the function and in the
# procedure; who comes behind is not held up for longer than the setting.
$node->safe_psql('app', q{SELECT migrate_edit('002', 'ALTER TABLE users ADD COLUMN more int', 'ALTER TABLE users DROP COLUMN more')});
($holder, $holder_pid) = hold('SELECT count(*) FROM users');
for my $call ('SELECT migrate_upgrade()', 'CALL migrate_apply()') {
    ($status, $out, $stderr) = $node->psql('app', "SET limbeck.lock_timeout = '50ms';\nSET limbeck.lock_retries = 2;\n$call");
    like($stderr, qr/NOTICE:  revision "002" got no lock within 50 ms, try 2 of 3 follows in 100 ms\n.*try 3 of 3 follows in 200 ms.*ERROR:  canceling statement due to lock timeout/s, "$call: each try is told");
    like($stderr, qr/DETAIL:  Process $holder_pid holds AccessShareLock on relation "users": BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count\(\*\) FROM users; SELECT pg_sleep\(1000\)/, "$call: the error names process and query");
    like($stderr, qr/CONTEXT:  revision "002" \(upgrade\), statement 1 of 1/, "$call: and the statement");
}
for my $call ('SELECT migrate_upgrade()', 'CALL migrate_apply()') {
    ($holder, $holder_pid) = hold('SELECT count(*) FROM users') unless $node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
    my ($o, $e) = ('', '');
    $run = background($node, 'app', "SET limbeck.lock_timeout = '50ms';\n$call;\n", \$o, \$e);
    $run->pump until $e =~ /try 3 of 11/;
    is($node->safe_psql('app', q{SET statement_timeout = '10s'; SELECT count(id) FROM users}), '1000', "$call: readers go on between the tries");
    let_go($holder, $holder_pid);
    $run->finish;
    is($node->safe_psql('app', 'SELECT current FROM migrate_status()'), '002', "$call: a later try succeeds");
    $node->safe_psql('app', q{CALL migrate_apply('001')});
}

# DETACH PARTITION CONCURRENTLY, cut short: the next CALL finalizes it.
SKIP: {
    skip 'no DETACH PARTITION CONCURRENTLY', 3 if $node->safe_psql('app', 'SHOW server_version_num') < 140000;
    $node->safe_psql('app', q{
        CREATE TABLE parted (id int) PARTITION BY LIST (id);
        CREATE TABLE part1 PARTITION OF parted FOR VALUES IN (1);
        SELECT migrate_edit('002', 'ALTER TABLE parted DETACH PARTITION part1 CONCURRENTLY', '')});
    ($holder, $holder_pid) = hold('SELECT count(*) FROM parted');
    $run = background($node, 'app', "CALL migrate_apply();\n", \$out, \$err);
    wait_for_row($node, 'app', 'SELECT 1 FROM pg_inherits WHERE inhdetachpending');
    $node->safe_psql('postgres', 'SELECT pg_cancel_backend(' . pid_of($node, '002') . ')');
    $run->finish;
    let_go($holder, $holder_pid);
    like($node->safe_psql('app', 'SELECT stopped FROM migrate_status()'), qr/stopped at statement 1 of 1: canceling statement due to user request/, 'a DETACH cut short is told');
    ($status, $out, $stderr) = $node->psql('app', 'CALL migrate_apply()');
    like($stderr, qr/finalizing the detachment of partition "part1".*upgraded 001 -> 002/s, 'and finalized by the next CALL');
    is($node->safe_psql('app', q{SELECT count(*) FROM pg_inherits WHERE inhrelid = 'part1'::regclass}), '0', 'it is detached');
    $node->safe_psql('app', q{CALL migrate_apply('001')});
}

# EXECUTE is the only right to grant; a file for psql; autocommit off.
$node->safe_psql('app', q{
    CREATE ROLE deployer LOGIN;
    GRANT CREATE ON SCHEMA public TO deployer;
    GRANT EXECUTE ON FUNCTION migrate_revision TO deployer;
    GRANT EXECUTE ON PROCEDURE migrate_apply TO deployer;
    SELECT migrate_delete('002')});
as_role($node, 'app', 'deployer', q{SELECT migrate_revision('theirs', 'CREATE TABLE theirs (id int); CREATE INDEX CONCURRENTLY ON theirs (id)', 'DROP TABLE theirs', '002')});
is(as_role($node, 'app', 'deployer', "SET client_min_messages = warning;\nCALL migrate_apply();\nSELECT (migrate_status()).current"), '002', 'psql -f, by a role with EXECUTE alone');
is($node->safe_psql('app', q{SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'theirs'}), 'deployer', 'the body ran as the caller');
like(as_role($node, 'app', 'deployer', "\\set AUTOCOMMIT off\nCALL migrate_apply('base');"), qr/cannot run inside a transaction block\nHINT:  It commits each revision: CALL it on its own, with autocommit on/, 'autocommit off is told');
$node->safe_psql('postgres', q{CREATE ROLE nobody LOGIN});
like(as_role($node, 'app', 'nobody', 'CALL migrate_apply()'), qr/permission denied for procedure migrate_apply/, 'nothing is granted to PUBLIC');
$node->stop;
done_testing();
