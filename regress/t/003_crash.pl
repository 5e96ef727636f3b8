# A crash in mid-upgrade leaves the old state or the new one: kill -9 of the backend, immediate stop,
# pg_terminate_backend, a cancel.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use LimbeckTest;
use Test::More;

my $node = new_node('main');
$node->init;
$node->append_conf('postgresql.conf', "restart_after_crash = on\n");
$node->start;
new_database($node, 'app');
$node->safe_psql('app', q{
    SELECT migrate_revision('slow', 'CREATE TABLE slow (id int); INSERT INTO slow SELECT generate_series(1, 50000); SELECT pg_sleep(100); CREATE TABLE late (id int)', 'DROP TABLE late, slow', '004');
    SELECT migrate_revision('last', 'CREATE TABLE last (id int)', 'DROP TABLE last', '005')});

sub state_is {
    my ($versions, $tables, $what) = @_;
    is($node->safe_psql('app', q{SELECT coalesce(string_agg(version_num, ','), 'base') FROM migrate_version}), $versions, "$what: version");
    is($node->safe_psql('app', q{SELECT coalesce(string_agg(relname, ',' ORDER BY relname), 'none') FROM pg_class WHERE relname IN ('users', 'posts', 'slow', 'late', 'last')}), $tables, "$what: tables");
    is($node->safe_psql('app', 'SELECT count(*) FROM migrate_validate()'), '0', "$what: the ledger is sound");
    is($node->safe_psql('app', q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), '0', "$what: no lock is left");
}

# Starts an upgrade and waits until it stands in the slow statement.
sub start_upgrade {
    my ($out, $err) = ('', '');
    my $run = background($node, 'app', "SELECT migrate_upgrade();\n", \$out, \$err);
    my $pid = pid_of($node, '004');
    ok($pid, 'pg_stat_activity shows the revision that runs');
    like($node->safe_psql('postgres', "SELECT query FROM pg_stat_activity WHERE pid = $pid"),
        qr/003 -> 004, slow \(\d of \d\), statement \d of 4/, 'and its statement');
    wait_for_row($node, 'postgres', "SELECT 1 FROM pg_stat_activity WHERE pid = $pid AND wait_event = 'PgSleep'");
    return ($run, $pid, \$err);
}

my ($run, $pid, $err) = start_upgrade();
$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
$run->finish;
like($$err, qr/canceling statement due to user request.*revision "004" \(upgrade\), statement 3 of 4/s, 'a cancel says where');
state_is('base', 'none', 'after a cancel');

($run, $pid, $err) = start_upgrade();
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
$run->finish;
state_is('base', 'none', 'after pg_terminate_backend');

is($node->safe_psql('app', q{SELECT migrate_upgrade('003')}), 'upgraded base -> 003 (3 revisions)', 'up to the slow one');
($run, $pid, $err) = start_upgrade();
kill_backend($pid);
$run->finish;
$node->poll_query_until('postgres', 'SELECT true');
state_is('003', 'posts,users', 'after kill -9 of the backend');

($run, $pid, $err) = start_upgrade();
$node->stop('immediate');
$run->finish;
$node->start;
state_is('003', 'posts,users', 'after an immediate stop');

# The limits that the server sets on its own.
my ($status, $out, $stderr) = $node->psql('app', q{SET statement_timeout = '300ms'; SELECT migrate_upgrade()});
like($stderr, qr/canceling statement due to statement timeout/, 'statement_timeout');
state_is('003', 'posts,users', 'after statement_timeout');

# The other side of the commit: new.
$node->safe_psql('app', q{SELECT migrate_edit('004', 'CREATE TABLE slow (id int); CREATE TABLE late (id int)')});
is($node->safe_psql('app', 'SELECT migrate_upgrade()'), 'upgraded 003 -> 005 (2 revisions)', 'then it goes on');
$node->stop('immediate');
$node->start;
state_is('005', 'last,late,posts,slow,users', 'after a commit and an immediate stop');

# At random moments, many times.
$node->safe_psql('app', q{
    SELECT migrate_downgrade('003');
    SELECT migrate_edit('004', 'CREATE TABLE slow (id int); INSERT INTO slow SELECT generate_series(1, 100000); CREATE TABLE late (id int)')});
my ($old_state, $new_state) = (0, 0);
for my $round (1 .. 12) {
    my ($o, $e) = ('', '');
    my $harness = background($node, 'app', "SELECT pg_backend_pid();\nSELECT migrate_upgrade();\n", \$o, \$e);
    $harness->pump until $o =~ /^\d+\n/;
    my ($backend) = $o =~ /^(\d+)\n/;
    select(undef, undef, undef, rand(0.12));
    kill_backend($backend) if $backend;
    $harness->finish;
    $node->poll_query_until('postgres', 'SELECT true');
    my $got = $node->safe_psql('app', q{SELECT (SELECT version_num FROM migrate_version) || ' ' || (SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class WHERE relname IN ('slow', 'late', 'last')) IS NOT NULL,
        (SELECT version_num FROM migrate_version), (SELECT count(*) FROM pg_class WHERE relname IN ('slow', 'late', 'last')), (SELECT count(*) FROM migrate_validate())});
    $got =~ s/^[tf]\|//;
    if ($got eq '003|0|0') { $old_state++ }
    elsif ($got eq '005|3|0') { $new_state++; $node->safe_psql('app', q{SELECT migrate_downgrade('003')}) }
    else { fail("round $round: $got") }
}
is($old_state + $new_state, 12, "kill -9 at random moments: $old_state old, $new_state new, nothing between");
$node->stop;
done_testing();
