# Ruby's sqlite3 gem.
require 'sqlite3'

library, path = ARGV

def check(what, got, wanted)
  puts got == wanted ? "ok #{what}" : "not ok #{what} (#{got.inspect})"
end

db = SQLite3::Database.new(path)
db.enable_load_extension(true)
db.load_extension(library)
one = ->(sql, *values) { db.get_first_value(sql, values) }

check 'store a revision', one['SELECT migrate_revision(?, ?, ?, ?)', 'users',
                              'CREATE TABLE users (id integer)', 'DROP TABLE users', '001'], '001'
check 'load a file', one['SELECT migrate_load(?, ?)',
                         "-- migrate:up\nCREATE TABLE posts (id integer);\n-- migrate:down\nDROP TABLE posts;\n",
                         '002_posts.sql'], '002'
check 'upgrade', one['SELECT migrate_upgrade(?)', 'head'], 'upgraded base -> 002 (2 revisions)'
check 'read', db.execute('SELECT message FROM migrate_history(?)', [':']).flatten, %w[posts users]
check 'downgrade by one', one['SELECT migrate_downgrade(?)', '-1'], 'downgraded 002 -> 001 (1 revision)'
db.transaction
one['SELECT migrate_upgrade(?)', 'head']
db.rollback
check 'undone by the caller', one['SELECT version_num FROM migrate_version'], '001'
begin
  one['SELECT migrate_upgrade(?)', 'zzzz']
  check 'error', nil, 'an error'
rescue SQLite3::Exception => e
  check 'error', e.message.lines.first.chomp, "can't locate revision identified by 'zzzz'"
end
check 'upgrade to a revision', one['SELECT migrate_upgrade(?)', '002'], 'upgraded 001 -> 002 (1 revision)'
db.close
db = SQLite3::Database.new(path)
check 'durable', db.get_first_value('SELECT version_num FROM migrate_version'), '002'
