# What the TAP tests share: a node with the extension in its database, on any PostgreSQL from 13 on.
package LimbeckTest;

use strict;
use warnings;
use Exporter 'import';
use Test::More;

our @EXPORT = qw(as_role new_node new_database pid_of wait_for_row background kill_backend run_command);

my $old = !eval { require PostgreSQL::Test::Cluster; require PostgreSQL::Test::Utils; 1 };
if ($old) { require PostgresNode; require TestLib; }

# A node, initialised but not started.
sub new_node {
    my ($name, %options) = @_;
    return $old ? PostgresNode->get_new_node($name) : PostgreSQL::Test::Cluster->new($name);
}

# A database of the node with the extension and a history of three revisions, nothing applied.
sub new_database {
    my ($node, $database) = @_;
    $node->safe_psql('postgres', "CREATE DATABASE $database");
    $node->safe_psql($database, q{
        CREATE EXTENSION limbeck;
        SELECT migrate_revision('users', 'CREATE TABLE users (id int PRIMARY KEY)', 'DROP TABLE users', '001');
        SELECT migrate_revision('rows', 'INSERT INTO users SELECT generate_series(1, 100)', 'DELETE FROM users', '002');
        SELECT migrate_revision('posts', 'CREATE TABLE posts (id int)', 'DROP TABLE posts', '003');
    });
}

# What a role of its own login gets for SQL: the rows, or the error.
sub as_role {
    my ($node, $database, $role, $sql) = @_;
    my ($out, $err) = ('', '');
    my $ok = IPC::Run::run([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($database) . " user=$role", '-f', '-' ],
        '<', \$sql, '>', \$out, '2>', \$err);
    chomp $out;
    return $ok ? $out : $err;
}

# Runs SQL in a psql of its own that goes on while the test does; returns the IPC::Run harness.
sub background {
    my ($node, $database, $sql, $out, $err) = @_;
    return IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr($database), map { ('-c', $_) } split /\n/, $sql ],
        '<', '/dev/null', '>', $out, '2>', $err);
}

# kill -9, and waits until the postmaster knows: until then it lets others in, whom it is about to throw out.
sub kill_backend {
    my ($pid) = @_;
    kill 'KILL', $pid;
    for (1 .. 6000) {
        return unless kill 0, $pid;
        select(undef, undef, undef, 0.01);
    }
    die "the postmaster does not see that backend $pid is gone";
}

# Waits until a query gives true.
sub wait_for_row {
    my ($node, $database, $sql) = @_;
    return $node->poll_query_until($database, "SELECT EXISTS ($sql)");
}

# The process that runs a revision's statement, as pg_stat_activity tells.
sub pid_of {
    my ($node, $revision) = @_;
    my $where = "FROM pg_stat_activity WHERE query LIKE 'limbeck: %' AND query LIKE '%$revision%'";
    wait_for_row($node, 'postgres', "SELECT 1 $where") or return;
    return $node->safe_psql('postgres', "SELECT pid $where");
}

sub run_command {
    my @command = @_;
    my ($out, $err) = ('', '');
    my $ok = IPC::Run::run(\@command, '>', \$out, '2>', \$err);
    return ($ok, $out, $err);
}

use IPC::Run ();
1;
