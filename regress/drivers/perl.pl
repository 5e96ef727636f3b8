# Perl's DBI with DBD::SQLite.
use strict;
use warnings;
use DBI;

my ($library, $path) = @ARGV;

sub check {
    my ($what, $got, $wanted) = @_;
    $got = 'undef' unless defined $got;
    print $got eq $wanted ? "ok $what\n" : "not ok $what ($got)\n";
}

my $db = DBI->connect("dbi:SQLite:dbname=$path", '', '', { RaiseError => 1, PrintError => 0 });
$db->sqlite_enable_load_extension(1);
$db->sqlite_load_extension($library);

sub one {
    my ($sql, @values) = @_;
    my ($value) = $db->selectrow_array($sql, undef, @values);
    return $value;
}

check('store a revision', one('SELECT migrate_revision(?, ?, ?, ?)', 'users',
        'CREATE TABLE users (id integer)', 'DROP TABLE users', '001'), '001');
check('load a file', one('SELECT migrate_load(?, ?)',
        "-- migrate:up\nCREATE TABLE posts (id integer);\n-- migrate:down\nDROP TABLE posts;\n", '002_posts.sql'), '002');
check('upgrade', one('SELECT migrate_upgrade(?)', 'head'), 'upgraded base -> 002 (2 revisions)');
check('read', join(' ', map { @$_ } @{ $db->selectall_arrayref('SELECT message FROM migrate_history(?)', undef, ':') }),
    'posts users');
check('downgrade by one', one('SELECT migrate_downgrade(?)', '-1'), 'downgraded 002 -> 001 (1 revision)');
$db->begin_work;
one('SELECT migrate_upgrade(?)', 'head');
$db->rollback;
check('undone by the caller', one('SELECT version_num FROM migrate_version'), '001');
eval { one('SELECT migrate_upgrade(?)', 'zzzz') };
check('error', $@ =~ /can't locate revision identified by 'zzzz'/ ? 'told' : $@, 'told');
check('upgrade to a revision', one('SELECT migrate_upgrade(?)', '002'), 'upgraded 001 -> 002 (1 revision)');
$db->disconnect;
$db = DBI->connect("dbi:SQLite:dbname=$path", '', '', { RaiseError => 1 });
check('durable', one('SELECT version_num FROM migrate_version'), '002');
