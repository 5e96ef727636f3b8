-- migrate:message search terms without case
-- migrate:down_revision 007
-- migrate:up
ALTER TABLE terms ADD COLUMN search_name text NOT NULL DEFAULT '';
UPDATE terms SET search_name = LOWER(name);
CREATE INDEX terms_by_search_name ON terms (project_id, search_name);
-- migrate:down
DROP INDEX terms_by_search_name;
ALTER TABLE terms DROP COLUMN search_name;
