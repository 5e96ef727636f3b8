-- migrate:message projects choose a model
-- migrate:down_revision 010
-- migrate:depends_on 012
-- migrate:up
ALTER TABLE projects ADD COLUMN llm_provider text REFERENCES llm_providers (name);
-- migrate:down
ALTER TABLE projects DROP COLUMN llm_provider;
