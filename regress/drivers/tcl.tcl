# Tcl's sqlite3 package.
package require sqlite3

lassign $argv library path

proc check {what got wanted} {
    puts [expr {$got eq $wanted ? "ok $what" : "not ok $what ($got)"}]
}

sqlite3 db $path
db enable_load_extension 1
db eval {SELECT load_extension($library)}

set up "CREATE TABLE users (id integer)"
set down "DROP TABLE users"
set id 001
check {store a revision} [db onecolumn {SELECT migrate_revision('users', $up, $down, $id)}] 001
set file "-- migrate:up\nCREATE TABLE posts (id integer);\n-- migrate:down\nDROP TABLE posts;\n"
set name 002_posts.sql
check {load a file} [db onecolumn {SELECT migrate_load($file, $name)}] 002
set target head
check upgrade [db onecolumn {SELECT migrate_upgrade($target)}] {upgraded base -> 002 (2 revisions)}
set range :
check read [db eval {SELECT message FROM migrate_history($range)}] {posts users}
set target -1
check {downgrade by one} [db onecolumn {SELECT migrate_downgrade($target)}] {downgraded 002 -> 001 (1 revision)}
set target head
catch {
    db transaction {
        db eval {SELECT migrate_upgrade($target)}
        error "changed my mind"
    }
}
check {undone by the caller} [db onecolumn {SELECT version_num FROM migrate_version}] 001
set target zzzz
catch {db onecolumn {SELECT migrate_upgrade($target)}} message
check error [lindex [split $message \n] 0] "can't locate revision identified by 'zzzz'"
set target 002
check {upgrade to a revision} [db onecolumn {SELECT migrate_upgrade($target)}] {upgraded 001 -> 002 (1 revision)}
db close
sqlite3 db $path
check durable [db onecolumn {SELECT version_num FROM migrate_version}] 002
